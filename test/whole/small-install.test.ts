import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { bareNode, copyProduct, productArguments } from '../support/product.ts'
import { run } from '../support/program.ts'
import { LONG } from '../support/rounds.ts'

const root = join(import.meta.dirname, '../..')

interface Manifest { optionalDependencies: Record<string, string> }
const manifest = readFileSync(join(root, 'package.json'), 'utf8')
const { optionalDependencies } = JSON.parse(manifest) as Manifest // the project's own

/** Names of all packages that are installed, of development too. */
function installed (): string[] {
  const modules = join(root, 'node_modules')
  return readdirSync(modules).filter((name) => !name.startsWith('.')).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name])
}

/** Makes what `npm install --omit=optional` leaves: the product without what it can do without. */
function smallInstall (folder: string): void {
  copyProduct(folder)
  for (const name of installed().filter((each) => !(each in optionalDependencies))) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), link)
  }
}

t.test('an installation without optional packages', async (t) => {
  // Outside the project: Node would find what is missing in a folder above.
  const folder = mkdtempSync(join(tmpdir(), 'small-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  smallInstall(folder)
  const command = bareNode(productArguments('src/server.ts', folder))
  const wanted = Object.entries(optionalDependencies).map(([name, range]) => `'${name}@${range}'`).join(' ')

  t.test('serves with CLOUDINARY_URL, as no file that it loads imports one of them', { skip: LONG }, async (t) => {
    const variables = { PORT: '0', CLOUDINARY_URL: 'cloudinary://1:b@demo?upload_prefix=http://127.0.0.1:9' }
    const { child, ended, until } = run(t, ['serve'], variables, { command })
    const [, url = ''] = await until(/Server listening at (http:\S+?)"/)
    t.match(await fetch(`${url}/url?public_id=a`), { status: 200 })
    t.match(await fetch(`${url}/docs`), { status: 200 })
    child.kill('SIGTERM')
    t.equal(await ended, 0)
  })

  for (const args of [['serve'], ['sandbox', '--port', '0']]) {
    t.test(`${args[0]}: 3 and one line that says what to install, where the sandbox would start`, async (t) => {
      const { output, ended } = run(t, args, { PORT: '0' }, { command })
      t.equal(await ended, 3)
      t.match(output.err, `npm install --include=optional ${wanted} (`)
      t.equal(output.err.trim().split('\n').length, 1, 'without a stack')
    })
  }

  t.test('the commands that start nothing work', async (t) => {
    const { output, ended } = run(t, ['sandbox', '--coverage'], {}, { command })
    t.equal(await ended, 0)
    t.match(output.out, 'secure_url')
  })
})
