import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')

/** Files of the project: from git where there is a checkout, so that what is ignored does not count. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
const sources = files.filter((file) => /^(src|routes)\/.*\.ts$/.test(file))
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Which rooms a room may import from. `errors`, `secret` and `text-file` stand at the top of `src/`, and know nothing of rooms. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  server: ['commands', 'config', 'app', 'sandbox', 'plugins', 'errors', 'secret'],
  commands: ['config', 'app', 'sandbox', 'plugins', 'input', 'net', 'errors', 'secret', 'text-file'],
  app: ['config', 'routes', 'plugins', 'errors', 'secret'],
  routes: ['schemas', 'input', 'net', 'errors'],
  plugins: ['cloudinary', 'auth', 'idempotency', 'redis', 'schemas', 'input', 'net', 'errors', 'secret', 'config'],
  config: ['schemas', 'input', 'net', 'secret', 'text-file'],
  cloudinary: ['schemas', 'input', 'net', 'errors', 'secret', 'config'],
  auth: ['schemas', 'input', 'net', 'errors', 'secret', 'text-file', 'redis', 'config'],
  idempotency: ['schemas', 'input', 'errors', 'secret', 'redis'],
  redis: ['auth', 'idempotency', 'errors', 'secret'],
  net: ['auth', 'input', 'schemas', 'errors', 'secret'],
  input: ['schemas', 'errors', 'secret'],
  schemas: ['errors', 'secret', 'input'],
  sandbox: ['schemas', 'input'],
  errors: [],
  secret: [],
  'text-file': []
}
/** From these rooms only types may be taken. */
const TYPES_ONLY: ReadonlySet<string> = new Set(['app>config', 'plugins>config', 'cloudinary>config', 'auth>config'])

/** The room of a file: `routes`, the folder below `src`, or the name of a file right in `src`. */
function roomOf (file: string): string {
  const [top = '', second = ''] = file.split('/')
  return top === 'routes' ? 'routes' : second.replace(/\.ts$/, '')
}

interface Import { from: string, to: string, typeOnly: boolean }

function importsOf (file: string): Import[] {
  const found = textOf(file).matchAll(/(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"\n;]*?(?:from\s+)?['"](\.[^'"]+)['"]|import\(['"](\.[^'"]+)['"]\)/g)
  return [...found].map(([, type, fixed, dynamic]) => ({
    from: file,
    to: posix.normalize(posix.join(dirname(file), fixed ?? dynamic ?? '')),
    typeOnly: type !== undefined
  }))
}

/** Files without a mirror test, each with its reason. */
const UNMIRRORED: Readonly<Record<string, string>> = {
  'src/server.ts': 'the process itself: judged by test/server.test.ts and the gate, which start it for real',
  'src/auth/policy/caller.ts': 'types alone',
  'src/config/types.ts': 'types alone',
  'src/schemas/environment.ts': 'types alone',
  'src/schemas/route.ts': 'types alone'
}

t.test('the top level holds what it is meant to hold and nothing else', async (t) => {
  const top = new Set(files.map((file) => file.split('/')[0] ?? '').filter((name) => !name.startsWith('.')))
  const known = ['src', 'routes', 'test', 'docker', 'openapi.yaml', 'package.json', 'package-lock.json', 'Dockerfile', 'tsconfig.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
  t.same([...top].filter((name) => !known.includes(name)), [])
})

t.test('routes/ holds the nine actions, one export each', async (t) => {
  const routes = sources.filter((file) => file.startsWith('routes/'))
  t.same(routes.map((file) => file.slice('routes/'.length)).sort(), [
    'delete-resource.ts', 'direct-upload.ts', 'generate-signature.ts', 'get-all-resources.ts', 'get-resource-by-id.ts',
    'get-signed-url.ts', 'get-url.ts', 'update-resource.ts', 'upload-resource.ts'
  ])
  for (const file of routes) t.equal([...textOf(file).matchAll(/^export /gm)].length, 1, `${file} exports one thing`)
})

t.test('imports follow the arrows', async (t) => {
  const wrong = sources.flatMap(importsOf).filter(({ from, to, typeOnly }) => {
    const [source, target] = [roomOf(from), roomOf(to)]
    if (source === target) return false
    return !ARROWS[source]?.includes(target) || (TYPES_ONLY.has(`${source}>${target}`) && !typeOnly)
  })
  t.same(wrong, [])
})

t.test('undici lives in net/outbound.ts, ioredis in redis/, and process in server.ts', async (t) => {
  const users = (pattern: RegExp): string[] => sources.filter((file) => pattern.test(textOf(file).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')))
  t.same(users(/from 'undici'/), ['src/net/outbound.ts'])
  t.same(users(/from 'ioredis'/).filter((file) => roomOf(file) !== 'redis'), [])
  t.same(users(/(?<![.\w'`-])process\.\w|from 'node:process'/).filter((file) => file !== 'src/server.ts'), [])
})

t.test('every file has its mirror test, or a reason', async (t) => {
  // The rooms of the sandbox are judged by what official clients see of them, in test/contract, beside the tests that some files have.
  const mirrorOf = (file: string): string => `test/${file.replace(/^src\//, '').replace(/\.ts$/, '')}.test.ts`
  const missing = sources.filter((file) => !file.startsWith('src/sandbox/') && !(file in UNMIRRORED) && !existsSync(join(root, mirrorOf(file))))
  t.same(missing, [])
  t.same(Object.keys(UNMIRRORED).filter((file) => !sources.includes(file)), [], 'no reason outlives its file')
})

t.test('every test file runs once: by a pattern of its own, or together with its room', async (t) => {
  const { tap: { include } } = JSON.parse(textOf('package.json')) as { tap: { include: string[] } } // as tap reads it
  const rooms = files.filter((file) => /^test\/together\/.+\.ts$/.test(file)).map((file) => file.replace(/^test\/together\/(.+)\.ts$/, 'test/$1/'))
  const alone = include.filter((pattern) => !pattern.startsWith('test/together/')).map((pattern) => new RegExp(`^${pattern
    .replaceAll('.', '\\.').replace(/\{(.+)\}/, (_all, names: string) => `(${names.replaceAll(',', '|')})`)
    .replaceAll('**/', '(.+/)?').replace(/(?<!\))\*/g, '[^/]*')}$`))
  const times = (file: string): number => rooms.filter((room) => file.startsWith(room)).length + alone.filter((pattern) => pattern.test(file)).length
  const tests = files.filter((file) => /^test\/.+\.test\.ts$/.test(file))
  t.same(tests.filter((file) => times(file) !== 1), [])
  t.same(rooms.filter((room) => !tests.some((file) => file.startsWith(room))), [], 'no room is empty')
})

t.test('files fit on a few screens', async (t) => {
  const long = sources.map((file) => ({ file, lines: textOf(file).split('\n').length })).filter(({ lines }) => lines > 275)
  t.same(long, [])
})

t.test('nothing is left to do, skipped or silenced', async (t) => {
  const marks = /\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck)|eslint-disable|\bt\.(only|todo)\(/
  const marked = files.filter((file) => /^(src|routes|test)\/.*\.[tj]s$/.test(file) && file !== 'test/structure.test.ts' && marks.test(textOf(file)))
  t.same(marked, [])
})
