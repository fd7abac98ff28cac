import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { clientFile, NO_CLIENTS } from '../support/clients.ts'
import { bareNode } from '../support/product.ts'

t.test('spectral finds neither an error nor a warning in openapi.yaml', { skip: NO_CLIENTS }, async (t) => {
  const spectral = clientFile('node_modules/@stoplight/spectral-cli/dist/index.js')
  const document = join(import.meta.dirname, '../../openapi.yaml')
  const ruleset = clientFile('spectral.yaml')
  const [program, ...args] = bareNode([
    spectral, 'lint', '--fail-severity=warn', '--format=json', '-r', ruleset, document
  ])
  const { stdout } = await promisify(execFile)(program, args)
  t.match(stdout, /^\[\]No results/, 'a list of results, which is empty')
})
