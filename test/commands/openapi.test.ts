import t from 'tap'
import { parse } from 'yaml'
import { openapi } from '../../src/commands/openapi.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'

t.test('openapi', async (t) => {
  const yaml = recordedTerminal({ PORT: 'not even looked at' })
  t.equal(await openapi(yaml, { json: false }), 0)
  const document = parse(yaml.written.out)
  t.match(document, { openapi: '3.1.0', info: { title: 'cloudinary-gateway', version: '1.2.3' } })

  t.test('prints the same document as JSON', async (t) => {
    const json = recordedTerminal()
    t.equal(await openapi(json, { json: true }), 0)
    t.same(JSON.parse(json.written.out), document)
  })
})
