import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { parseDockerfile, runDockerfile } from './dockerfile.ts'

// Runs the Dockerfile's own commands in a clean folder, then uses what they made as a container would.
// Usage: tsx test/support/dockerfile-run.ts <folder that does not exist yet>
const context = join(import.meta.dirname, '../..')
const folder = process.argv[2]
assert.ok(folder && !existsSync(folder), 'name a folder that does not exist yet')
mkdirSync(folder)

const { root, environment } = runDockerfile(context, folder, (line) => { console.log(line) })
const app = join(root, 'app')
const program = join(app, 'dist/src/server.js')
const entry = parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8')).at(-1)?.instructions.find(({ name }) => name === 'ENTRYPOINT')?.text
assert.ok(entry, 'the last stage has an entry point')
/** What the image runs, with the Node of this machine in the place of its own. */
const [, ...entryPoint] = (JSON.parse(entry) as string[]).map((part) => part.startsWith('/') ? join(root, part) : part)
const basic = { PATH: process.env['PATH'], ...environment }
const output = (args: string[]): string => execFileSync(process.execPath, [program, ...args], { cwd: app, env: basic, encoding: 'utf8', timeout: 30_000 })

console.log('the image holds what it is meant to hold')
assert.deepEqual(readdirSync(app).sort(), ['dist', 'node_modules', 'openapi.yaml', 'package.json'])
const { version, dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(app, 'package.json'), 'utf8')
)
const { packages } = JSON.parse(readFileSync(join(context, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean }> }
for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
  assert.ok(
    existsSync(join(app, 'node_modules', name)), `${name} is there`
  )
}
// Some of what the tests name is also needed by what is not for tests; the lock file knows.
const strays = Object.keys(packages).filter((path) => packages[path]?.dev === true && existsSync(join(app, path)))
assert.deepEqual(strays, [], 'no development package is there')

console.log('it prints its version and its contract')
assert.equal(output(['--version']).trim(), version)
assert.equal(output(['openapi']), readFileSync(join(app, 'openapi.yaml'), 'utf8'))

console.log('it refuses to start without credentials and keys')
const refused = spawnSync(process.execPath, entryPoint, { cwd: app, env: basic, encoding: 'utf8', timeout: 30_000 })
assert.equal(refused.status, 2)
assert.match(refused.stderr, /CLOUDINARY_URL is missing[^]*HOST lets other machines in/)

console.log('it starts on the sandbox, is healthy, and ends on SIGTERM')
const free = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => free.once('listening', resolve))
const { port } = free.address() as AddressInfo // it listens on a port, not on a pipe
await new Promise((resolve) => free.close(resolve))
const started = { ...basic, HOST: '127.0.0.1', PORT: String(port), SANDBOX: 'on', SANDBOX_PORT: '0', SANDBOX_DATA: join(root, 'data') }
const running = spawn(process.execPath, [...entryPoint, 'serve'], { cwd: app, env: started, stdio: ['ignore', 'inherit', 'inherit'] })
const ended = new Promise<number | null>((resolve) => running.once('exit', resolve))
const deadline = Date.now() + 30_000
let healthy = false
while (!healthy && Date.now() < deadline && running.exitCode === null) {
  await new Promise((resolve) => setTimeout(resolve, 250))
  healthy = spawnSync(process.execPath, [program, 'health'], { cwd: app, env: started, timeout: 10_000 }).status === 0
}
assert.ok(healthy, 'the health command says so')
running.kill('SIGTERM')
assert.equal(await ended, 0)
console.log('the Dockerfile is good')
