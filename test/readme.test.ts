import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { v2 as sdk } from 'cloudinary'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { startGateway } from './support/gateway.ts'
import { anchorsOf, blocksOf, commandsOf, linksOf, PAGES, proseOf } from './support/pages.ts'
import { SETTINGS_PAGE, withVariables } from './support/readme-table.ts'
import { checkSyntax, Shell } from './support/shell.ts'

const root = join(import.meta.dirname, '..')
const pageAt = (path: string) => PAGES.find((page) => page.path === path) ?? { path, text: '' }
const readme = pageAt('README.md')
const ours = PAGES.filter(({ path }) => path !== 'CONTRIBUTING.md')
const hasCurl = await promisify(execFile)('curl', ['--version']).then(() => true, () => false)

// As `npm start` does on a fresh machine, with samples in the sandbox.
const { url, sandbox } = await startGateway(t, {}, { samples: true })

t.test('every command of the README and of docs/ works as printed, from top to bottom', {
  skip: !hasCurl && process.env['CI'] !== 'true' && 'curl is not installed'
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const shell = new Shell(folder, (text) =>
    text.replaceAll('http://127.0.0.1:8080', url).replaceAll('http://127.0.0.1:8081', sandbox.url))
  for (const page of ours) {
    for (const command of commandsOf(page)) await t.resolves(shell.run(command), `${page.path}: ${command}`)
  }
  t.ok(commandsOf(readme).length >= 10, 'the README has its lines')
  for (
    const wrong of ['curl http://127.0.0.1:8080/nothing', 'npm run nothing', 'node -e "process.exit(1)"']
  ) {
    await t.rejects(shell.run(wrong), `${wrong} would be noticed`)
  }
})

t.test('the first success is a picture', async (t) => {
  const links = [...readme.text.matchAll(/^<http:\/\/127\.0\.0\.1:8080(\/url\?[^>]+)>$/gm)].map(
    ([, link = '']) => link
  )
  t.equal(links.length, 1)
  const answer = await fetch(url + links[0])
  t.match({
    status: answer.status, type: answer.headers.get('content-type')
  }, { status: 200, type: /^image\// })
  t.ok(answer.redirected)
})

t.test('commands that need another program say so, can be read by a shell, and name files that exist', async (t) => {
  const marked = ours.flatMap(
    (page) => blocksOf(page).filter(({ language, mark }) => language === 'sh' && mark !== '')
  )
  t.ok(marked.length >= 3)
  for (const { page, mark, text } of marked) {
    t.match(pageAt(page).text, new RegExp(`\\*needs ${mark}`, 'i'), page)
    await t.resolves(checkSyntax(text), text)
    for (const [path] of text.matchAll(/(?<=\s)[\w.-]+\/[\w./-]+/g)) t.ok(existsSync(join(root, path)), path)
  }
})

/** What may stand behind a fence. */
const FENCES = new Set([
  'sh', 'js', 'ts', 'jsx', 'tsx', 'html', 'vue', 'svelte', 'json', 'yaml', 'text', 'http'
])

t.test('no command hides from these tests: shells have fences of their own, and YAML and JSON can be read', async (t) => {
  for (const page of ours) {
    t.notMatch(proseOf(page), /^ {4}\S/m, `${page.path} has no indented block`)
    for (const { language, text } of blocksOf(page)) {
      t.ok(
        FENCES.has(language),
        `${page.path}: ${language}`
      )
      if (language === 'json') t.doesNotThrow(() => JSON.parse(text), page.path)
      if (language === 'yaml') t.same(parseAllDocuments(text).flatMap(({ errors }) => errors), [], page.path)
    }
  }
})

t.test('every link between pages leads to a file that exists, and to a heading in it', async (t) => {
  for (const link of PAGES.flatMap(linksOf)) {
    t.ok(existsSync(join(root, link.to)), `${link.page} > ${link.to}`)
    if (link.anchor === '') continue
    t.ok(anchorsOf(pageAt(link.to)).has(link.anchor), `${link.page} > ${link.to}#${link.anchor}`)
  }
  const linked = new Set(linksOf(readme).map(({ to }) => to))
  const others = PAGES.map(({ path }) => path).filter((path) => path !== 'README.md')
  t.same(others.filter((path) => !linked.has(path)), [], 'the README leads to each')
})

type Operation = object
interface Contract { paths: Record<string, Record<string, Operation>>, components: object }
const { paths, components } = parse(readFileSync(join(root, 'openapi.yaml'), 'utf8')) as Contract // our own

/** Returns a part of the contract as JSON, followed by all that it refers to. */
function withReferences (part: unknown, seen = new Set<string>()): string {
  const text = JSON.stringify(part)
  const places = [...text.matchAll(/"#\/components\/([^"]+)"/g)].map(([, place = '']) => place)
  return text + places.filter((place) => !seen.has(place)).map((place) => {
    seen.add(place)
    const found = place.split('/').reduce<unknown>(
      (node, name) => (node as Record<string, unknown>)[name], { ...components }
    )
    return withReferences(found, seen)
  }).join('')
}

t.test('every route that is named exists', async (t) => {
  const pattern = /`(GET|POST|PATCH|DELETE|PUT) (\/[^`\s?]*)`/g
  for (const { path, text } of ours.filter((page) => page.path !== 'docs/errors.md')) {
    for (const [, method = '', route = ''] of text.matchAll(pattern)) {
      t.ok(paths[route]?.[method.toLowerCase()], `${path}: ${method} ${route}`)
    }
  }
})

t.test('from WeWeb: all nine actions, and every field is one of its route', async (t) => {
  const { text } = pageAt('docs/from-weweb.md')
  const rows = [...text.matchAll(/^\| ([\w ]+) \| `(\w+) (\S+)` \|$/gm)]
  const routes = new Map(rows.map(([, action = '', method = '', path = '']) =>
    [action, paths[path]?.[method.toLowerCase()]]))
  t.equal(routes.size, 9)
  let action = ''
  const fields = [...text.matchAll(/^\| ([\w ]*)\| [\w ]+ \| `(\w+)` \|/gm)]
  t.ok(fields.length > 50)
  for (const [, named = '', field = ''] of fields) {
    action = named.trim() || action
    t.match(withReferences(routes.get(action)), new RegExp(`"(name":")?${field}"`), `${action}: ${field}`)
  }
})

t.test('from the SDK: every method is one of the official package', async (t) => {
  const methods = [...pageAt('docs/from-the-sdk.md').text.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name = '']) => name)
  t.ok(methods.length > 15)
  for (const name of methods) {
    const found = name.split('.').reduce<unknown>((place, part) => (place as Record<string, unknown>)[part], sdk)
    t.type(found, 'function', name)
  }
})

t.test('the README fits on a few screens, and its picture is small', async (t) => {
  t.ok(readme.text.split('\n').length <= 151)
  const [, picture = ''] = /!\[[^\]]+\]\(([^)]+)\)/.exec(readme.text) ?? []
  const { size } = statSync(join(root, picture))
  t.ok(size > 1000 && size <= 150_000, `${size} bytes`)
})

t.test('the table of variables is the one the process reads (npm run readme writes it)', async (t) => {
  const text = readFileSync(SETTINGS_PAGE, 'utf8')
  t.match(text, '| `PORT` |')
  t.equal(withVariables(text), text)
})
