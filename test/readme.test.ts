import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { withVariables } from './support/readme-table.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Lines of the action table and of the `sh` blocks that call curl, in their order. */
function curlLines (): string[] {
  return [...readme.matchAll(/^\| \d .*`(curl [^`]+)` \|$|^```sh\n([^]*?)^```/gm)]
    .flatMap(([, inTable, block]) => inTable ?? (block ?? '').split(/\n(?! )/).filter((line) => line.startsWith('curl ')))
}

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  await new Promise((resolve) => { server.close(resolve) })
  return typeof address === 'object' && address ? address.port : 0
}

async function hasCurl (): Promise<boolean> {
  return run('curl', ['--version']).then(() => true, () => false)
}

t.test('every curl line of the README works as printed, from top to bottom', async (t) => {
  if (!await hasCurl()) {
    // Only where nobody has promised that it is there.
    t.not(process.env['CI'], 'true', 'curl is needed where CI=true')
    t.pass('curl is not installed, so its lines cannot be tried')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'readme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(root, 'test'), join(folder, 'test'))
  const [port, sandboxPort] = [await freePort(), await freePort()]
  const gateway = spawn(join(root, 'node_modules', '.bin', 'tsx'), [join(root, 'src', 'server.ts')], {
    env: { ...process.env, PORT: String(port), SANDBOX_PORT: String(sandboxPort), SANDBOX_DATA: ':memory:', NODE_ENV: '' }, stdio: 'ignore', detached: true
  })
  t.teardown(() => { if (gateway.pid !== undefined) process.kill(-gateway.pid) })
  const here = (text: string): string => text.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`).replaceAll('127.0.0.1:8081', `127.0.0.1:${sandboxPort}`)
  await run('curl', ['-fsS', '--retry', '60', '--retry-delay', '1', '--retry-connrefused', '-o', '/dev/null', `http://127.0.0.1:${port}/readyz`])

  const lines = curlLines()
  t.ok(lines.length >= 12, 'the README has its lines')
  for (const line of lines) {
    const { stdout } = await run('bash', ['-c', here(line).replace(/^curl /, 'curl -sS -w "\\n%{http_code}" ')], { cwd: folder })
    t.match(stdout, /\n200$/, line)
  }
})

t.test('the README\'s table of variables is the one the process reads (npm run readme writes it)', async (t) => {
  t.equal(withVariables(readme), readme)
})
