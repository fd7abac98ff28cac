import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { LONG_FILES } from './support/rounds.ts'
import { circleIn, graphOf, importsOf, sharedTypeNames } from './support/structure.ts'

const root = join(import.meta.dirname, '..')

/** Files of the project: from git where there is a checkout, so that what is ignored does not count. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
const sources = files.filter((file) => /^(src|routes)\/.*\.ts$/.test(file))
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
const linesOf = (file: string): number => textOf(file).split('\n').length - 1

/** Rooms with inner walls: each of their folders, and each file beside those, is a room of its own. */
const WITH_INNER_ROOMS: ReadonlySet<string> = new Set(['auth', 'cloudinary', 'plugins'])
/** What any room of the gateway may import. They know nothing of rooms. */
const LEAVES: ReadonlySet<string> = new Set(['bounded-memory', 'clock', 'errors', 'secret', 'text-file'])

/** The rooms that each room imports from. An arrow stands here only while somebody uses it. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  server: ['commands'],
  index: ['app', 'app-types', 'config'],
  'app-types': ['plugins/access', 'config'],
  commands: ['api', 'app', 'config', 'input', 'net', 'sandbox'],
  app: [
    'app-types',
    'routes', 'plugins/access', 'plugins/actions', 'plugins/docs', 'plugins/http', 'plugins/operations',
    'config'
  ],
  routes: ['input', 'schemas'],
  'plugins/docs': ['browser', 'schemas'],
  'plugins/access': [
    'redis', 'auth/callers', 'auth/uploads', 'auth/rate-limit', 'auth/policy', 'cloudinary/client', 'input',
    'schemas', 'net'
  ],
  'plugins/actions': [
    'redis', 'idempotency', 'auth/callers', 'auth/policy', 'auth/uploads', 'cloudinary/client',
    'cloudinary/explain', 'cloudinary/upload', 'cloudinary/wire', 'input', 'schemas'
  ],
  'plugins/http': ['auth/policy', 'cloudinary/client', 'input', 'schemas', 'net'],
  'plugins/operations': [
    'plugins/http', 'redis', 'proofs', 'auth/policy', 'cloudinary/client', 'cloudinary/upload', 'config', 'schemas'
  ],
  redis: [
    'idempotency', 'proofs', 'auth/rate-limit', 'cloudinary/explain', 'cloudinary/upstream', 'config', 'input', 'net',
    'schemas'
  ],
  idempotency: ['input'],
  proofs: ['schemas'],
  'auth/callers': ['auth/policy', 'input', 'schemas', 'net'],
  'auth/uploads': ['auth/policy', 'input', 'schemas', 'net'],
  'auth/rate-limit': ['schemas'],
  'auth/policy': ['input', 'schemas', 'net'],
  'cloudinary/client': [
    'cloudinary/explain', 'cloudinary/upload', 'cloudinary/upstream', 'cloudinary/wire', 'config', 'input',
    'schemas'
  ],
  'cloudinary/explain': ['cloudinary/upstream', 'cloudinary/wire', 'input', 'schemas'],
  'cloudinary/upload': ['cloudinary/upstream', 'cloudinary/wire', 'config', 'input'],
  'cloudinary/upstream': ['cloudinary/wire', 'config', 'schemas', 'net'],
  'cloudinary/wire': ['schemas'],
  config: ['input', 'schemas', 'net'],
  input: ['schemas'],
  net: ['input', 'schemas']
}
/** From these rooms only types may be taken, but by their owners. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { config: ['commands', 'index'] }
/** The only files of the gateway that know the sandbox as anything but a base URL. */
const STARTS_THE_SANDBOX = ['src/commands/sandbox.ts', 'src/commands/serve.ts']

/** `routes`, a folder below `src`, an inner room such as `auth/policy`, or the name of a file beside rooms. */
function roomOf (file: string): string {
  const [top = '', ...rest] = file.replace(/\.ts$/, '').split('/')
  if (top === 'routes') return 'routes'
  return rest.slice(0, WITH_INNER_ROOMS.has(rest[0] ?? '') ? 2 : 1).join('/')
}

const imports = sources.flatMap((from) => importsOf(from, textOf(from)))

/** Made by a program, and as long as what it was made from. */
const GENERATED: ReadonlySet<string> = new Set(['src/api/openapi.ts']) // by `npm run api-types`

/**
 * Products of their own: they repeat names and read clocks as they like. The sandbox is judged by what official clients
 * see of it, in test/contract; the modules for browsers run in Chromium alone, where test/browser judges them.
 */
const isApart = (file: string): boolean => /^src\/(?:sandbox|browser)\//.test(file)

/** Files without a mirror test, each with its reason. */
const UNMIRRORED: Readonly<Record<string, string>> = {
  'src/server.ts': 'the process itself: judged by test/server.test.ts and the gate, which start it for real',
  'src/auth/policy/caller.ts': 'types alone',
  'src/api/types.ts': 'types alone',
  'src/app-types.ts': 'types alone',
  'src/config/types.ts': 'types alone',
  'src/schemas/caller.ts': 'types alone',
  'src/schemas/environment.ts': 'types alone',
  'src/schemas/route.ts': 'types alone'
}

t.test('the top level holds what it is meant to hold and nothing else', async (t) => {
  const top = new Set(files.map((file) => file.split('/')[0] ?? '').filter((name) => !name.startsWith('.')))
  const known = [
    'src',
    'routes',
    'test',
    'docs',
    'docker',
    'openapi.yaml',
    'package.json',
    'package-lock.json',
    'Dockerfile',
    'tsconfig.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'CONTRIBUTING.md'
  ]
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

t.test('imports follow the arrows, and every arrow is used', async (t) => {
  const drawn = new Set(Object.entries(ARROWS).flatMap(([from, rooms]) => rooms.map((to) => `${from} > ${to}`)))
  const between = imports.map((one) => ({ ...one, rooms: [roomOf(one.from), roomOf(one.to)] as const }))
    .filter(({ rooms: [from, to] }) => from !== to && !LEAVES.has(to))
  const used = new Set(between.map(({ rooms }) => rooms.join(' > ')))
  t.same(between.filter(({ rooms }) => !drawn.has(rooms.join(' > '))).map(({ from, to }) => `${from} > ${to}`), [], 'no arrow is missing')
  t.same([...drawn].filter((arrow) => !used.has(arrow)), [], 'no arrow outlives its last import')
  const values = between.filter(({ rooms: [from, to], typeOnly }) => TYPES_ONLY[to]?.includes(from) === false && !typeOnly)
  t.same(values.map(({ from, to }) => `${from} > ${to}`), [], 'only types')
})

t.test('what anybody may import imports no room, and somebody does', async (t) => {
  t.same(imports.filter(({ from, to }) => LEAVES.has(roomOf(from)) && !LEAVES.has(roomOf(to))), [])
  t.same([...LEAVES].filter((leaf) => !imports.some(({ from, to }) => roomOf(to) === leaf && roomOf(from) !== leaf)), [])
})

t.test('the sandbox is a stranger: nothing of it in the gateway but in the commands that start it, and nothing of the gateway in it', async (t) => {
  const across = imports.filter(({ from, to }) => (roomOf(from) === 'sandbox') !== (roomOf(to) === 'sandbox'))
  t.same([...new Set(across.map(({ from }) => from))].sort(), STARTS_THE_SANDBOX)
})

t.test('no circle, neither of files nor of rooms', async (t) => {
  t.same(circleIn(graphOf([['a', 'b'], ['b', 'c'], ['a', 'c'], ['c', 'b']])), ['b', 'c', 'b'], 'the search finds one')
  t.equal(circleIn(graphOf([['a', 'b'], ['a', 'c'], ['b', 'c']])), undefined)
  t.equal(circleIn(graphOf(imports.map(({ from, to }) => [from, to]))), undefined, 'files')
  const rooms = imports.map(({ from, to }) => [roomOf(from), roomOf(to)] as const).filter(([from, to]) => from !== to)
  t.equal(circleIn(graphOf(rooms)), undefined, 'rooms')
})

t.test('a name of a type means one thing', async (t) => {
  t.same(sharedTypeNames(sources.filter((file) => !isApart(file)), textOf), [])
  t.same(sharedTypeNames(sources.filter((file) => file.startsWith('src/browser/')), textOf), [])
})

/** Files whose code, without comments, holds what the pattern matches. */
const users = (pattern: RegExp): string[] =>
  sources.filter((file) => pattern.test(textOf(file).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')))

t.test('undici lives in net/outbound.ts, ioredis in redis/, and process in server.ts', async (t) => {
  t.same(users(/from 'undici'/), ['src/net/outbound.ts'])
  t.same(users(/from 'ioredis'/), ['src/redis/connection.ts'])
  t.same(users(/(?<![.\w'`-])process\.\w|from 'node:process'/).filter((file) => file !== 'src/server.ts'), [])
})

t.test('no file of ours is imported inside `export default`: the compiler leaves the ending .ts of such an import as it is', async (t) => {
  // TypeScript 5.9, `transformECMAScriptModule`: an export assignment is not descended into.
  t.same(users(/^export default (?!(?:async )?function|class)[^]*\bimport\('\./m), [])
})

t.test('no product code calls inject: a stranger\'s Node or test runner may not load what it is made of', async (t) => {
  t.same(users(/\.inject\(|light-my-request/), [])
})

/** Files that read the time of day, each with what it dates. Everything else measures spans. */
const DATES: Readonly<Record<string, string>> = {
  'routes/generate-signature.ts': 'timestamps that are signed',
  'routes/get-signed-url.ts': 'expiries of links',
  'src/auth/callers/jwt.ts': 'what tokens say of time',
  'src/clock.ts': 'defines it',
  'src/cloudinary/upstream/retry.ts': 'timestamps that are signed, and dates in answers',
  'src/plugins/access/authentication.ts': 'what tokens say of time',
  'src/plugins/access/authorization.ts': 'timestamps that are signed',
  'src/plugins/actions/idempotency.ts': 'when an upload was begun, for people',
  'src/plugins/actions/signed-form.ts': 'timestamps that are signed'
}

t.test('a clock that somebody sets moves no span: the time of day is read for what leaves the process', async (t) => {
  const ours = (file: string): boolean => !isApart(file)
  t.same(users(/\bDate\.now\b|\bDate\(\)|\bperformance\.|\bhrtime\b/).filter(ours), ['src/clock.ts'])
  t.same(users(/\bwallClock\b/).filter(ours).sort(), Object.keys(DATES))
})

t.test('no memory looks for its oldest entry among all that it has deleted, as a Map does', async (t) => {
  t.same(
    users(/const \[\w+\] = [\w#.]+\.(?:keys|values|entries)\(\)|\.(?:keys|values|entries)\(\)\.next\(\)/), []
  )
})

t.test('every file has its mirror test, or a reason, and no mirror outlives its file', async (t) => {
  const mirrorOf = (file: string): string => `test/${file.replace(/^src\//, '').replace(/\.ts$/, '')}.test.ts`
  const mirrored = sources.filter((file) => !isApart(file))
  t.same(mirrored.filter((file) => !(file in UNMIRRORED) && !existsSync(join(root, mirrorOf(file)))), [])
  t.same(Object.keys(UNMIRRORED).filter((file) => !sources.includes(file)), [], 'no reason outlives its file')
  const mirrors = new Set(mirrored.map(mirrorOf))
  const rooms = new Set(mirrored.map((file) => file.replace(/^src\//, '').split('/')).filter((path) => path.length > 1).map(([room]) => room))
  const tests = files.filter((file) => /^test\/.*\.test\.ts$/.test(file) && rooms.has(file.split('/')[1]))
  t.same(tests.filter((file) => !mirrors.has(file)), [])
})

t.test('every test file runs once: by a pattern of its own, or together with its room', async (t) => {
  const { tap: { include } } = JSON.parse(textOf('package.json')) as { tap: { include: string[] } } // as tap reads it
  const rooms = files.filter((file) => /^test\/all\/.+\.ts$/.test(file))
    .map((file) => file.replace(/^test\/all\/(.+)\.ts$/, 'test/$1/'))
  const alone = include.filter((pattern) => !pattern.startsWith('test/all/')).map((pattern) =>
    new RegExp(`^${pattern
    .replaceAll('.', '\\.').replace(/\{(.+)\}/, (_all, names: string) => `(${names.replaceAll(',', '|')})`)
    .replaceAll('**/', '(.+/)?').replace(/(?<!\))\*/g, '[^/]*')}$`))
  const times = (file: string): number => (rooms.some((room) => file.startsWith(room)) ? 1 : 0) + alone.filter((pattern) => pattern.test(file)).length
  const tests = files.filter((file) => /^test\/.+\.test\.ts$/.test(file))
  t.same(tests.filter((file) => times(file) !== 1), [])
  t.same(rooms.filter((room) => !tests.some((file) => file.startsWith(room))), [], 'no room is empty')
})

t.test('what is left to CI=true is a test file of a room, and covers nothing', async (t) => {
  const { filesTogether, sourceOf } = await import(join(root, 'test/coverage-map.js')) as {
    filesTogether: (file: string) => string[] | undefined
    sourceOf: (file: string) => string | null
  }
  const together = new Set(files.flatMap((file) => filesTogether(file) ?? []))
  t.same([...LONG_FILES].filter((file) => !together.has(file) || sourceOf(file) !== null), [])
})

t.test('files fit on a few screens, and folders at a glance', async (t) => {
  const written = sources.filter((file) => !GENERATED.has(file))
  const lengths = written.map(linesOf).sort((one, other) => one - other)
  t.same(written.filter((file) => linesOf(file) > 275), [])
  t.ok((lengths[Math.floor(lengths.length * 0.9)] ?? Infinity) < 200, 'nine of ten files have fewer than 200 lines')
  const crowded = [...new Set(sources.map((file) => dirname(file)))].filter((folder) => {
    const inside = sources.filter((file) => dirname(file) === folder)
    return inside.length > (folder.startsWith('src/sandbox') ? 20 : 15)
  })
  t.same(crowded, [])
})

t.test('names say what is inside', async (t) => {
  const vague = /(?:^|[/-])(?:utils?|helpers?|managers?|misc|common|support)(?:[/.-]|$)/
  t.same(files.filter((file) => /^(src|routes|test)\//.test(file) && vague.test(file.replace(/^test\/support\//, ''))), [])
  const helpers = files.filter((file) => /^test\/[^/]+\.ts$/.test(file) && !file.endsWith('.test.ts')).map((file) => basename(file))
  t.same(helpers, ['tour.ts'], 'helpers of tests stand in test/support; the tour is a program')
})

t.test('nothing is left to do, skipped or silenced', async (t) => {
  const marks = /\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck)|eslint-disable|\bt\.(only|todo)\(/
  const marked = files.filter((file) => /^(src|routes|test)\/.*\.[tj]s$/.test(file) && file !== 'test/structure.test.ts' && marks.test(textOf(file)))
  t.same(marked, [])
})
