import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { WALK } from '../../../src/plugins/docs/postman-walk.ts'
import { startGateway } from '../../support/gateway.ts'
import { bareNode } from '../../support/product.ts'
import { LONG } from '../../support/rounds.ts'

const NEWMAN = join(import.meta.dirname, '../../../node_modules/.bin/newman')

const PICTURE = createHash('sha256').update(readFileSync('test/fixtures/landscape.jpg')).digest('hex')

/** Runs Postman's own runner. */
async function newman (args: readonly string[]): Promise<string> {
  const [program, ...given] = bareNode([NEWMAN, ...args])
  return (await promisify(execFile)(program, given)).stdout
}

t.test('the walk through /postman.json', async (t) => {
  for (const routePrefix of ['', '/media']) {
    t.test(`runs in Postman's own runner as it is, from top to bottom, at ${routePrefix}/`, async (t) => {
      const { url, sandbox } = await startGateway(t, { routePrefix })
      const stdout = await newman([
        'run', `${url}${routePrefix}/postman.json`, '--color', 'off', '--disable-unicode', '--bail'
      ])
      t.match(stdout, new RegExp(`assertions\\s*\\|\\s*${Object.keys(WALK).length}\\s*\\|\\s*0`), 'one for each request, none failed')
      t.ok(sandbox.requests.some(({ path }) => path.endsWith('/destroy')), 'it came to its last step')
      const sent = sandbox.requests.filter(({ sha256 }) => sha256 === PICTURE)
      t.equal(sent.length, 2, 'both uploads sent the real file')
    })
  }

  t.test('sends the key and the environment that its variables hold', { skip: LONG }, async (t) => {
    const key = 'a-key-for-postman'
    const { url } = await startGateway(t, { auth: { mode: 'keys', keys: [{ caller: 'web', digest: createHash('sha256').update(key).digest() }] } })
    await newman([
      'run', `${url}/postman.json`, '--env-var', `key=${key}`, '--env-var', 'environment=production', '--bail'
    ])
    await t.rejects(newman(['run', `${url}/postman.json`, '--bail']), 'without the key')
  })
})
