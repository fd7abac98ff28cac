import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { clientFile, NO_CLIENTS } from '../support/clients.ts'

const GENERATOR = 'node_modules/openapi-typescript/bin/cli.js'

t.test('the types are those of the document: `npm run api-types` makes them', { skip: NO_CLIENTS }, async (t) => {
  const made = join(t.testdir(), 'openapi.ts')
  execFileSync(
    process.execPath, [clientFile(GENERATOR), 'openapi.yaml', '--output', made], { stdio: 'ignore' }
  )
  t.equal(readFileSync('src/api/openapi.ts', 'utf8'), readFileSync(made, 'utf8'))
})
