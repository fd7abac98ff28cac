import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld } from '../support/element-page.ts'
import { LONG } from '../support/rounds.ts'

const BROWSER = join(import.meta.dirname, '../../src/browser')
const parsed = (name: string): ts.SourceFile =>
  ts.createSourceFile(name, readFileSync(join(BROWSER, name), 'utf8'), ts.ScriptTarget.Latest, true)
const OF_CLIENT = ['client/types.ts', 'client/upload-error.ts']
/** Modules whose types pages see, by the bundle that knows them. */
const PUBLIC: Record<string, string[]> = {
  client: OF_CLIENT, 'upload-element': [...OF_CLIENT, 'upload-element.ts', 'element/words/texts-en.ts']
}

/** Every name that a class, an interface or a type gives to a member, private ones left out. */
function membersIn (file: ts.SourceFile): string[] {
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    const isMember = ts.isClassElement(node) || ts.isTypeElement(node) || ts.isPropertyAssignment(node)
    if (isMember && node.name && !ts.isPrivateIdentifier(node.name)) {
      names.push(
        node.name.getText(file).replace(/^'(.*)'$/, '$1')
      )
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return names
}

t.test('no name of a public type is shortened in a bundle', async (t) => {
  const { INTERNAL } = await import(
    String(new URL('../../src/browser/bundle.js', import.meta.url))
  ) as { INTERNAL: Record<string, string[]> } // plain JavaScript
  t.same(Object.keys(INTERNAL), Object.keys(PUBLIC))
  for (const [bundle, modules] of Object.entries(PUBLIC)) {
    const known = modules.flatMap((name) => membersIn(parsed(name)))
    t.ok(known.length > 50 && known.includes('signatureUrl'))
    t.same(known.filter((name) => INTERNAL[bundle]?.includes(name)), [], bundle)
  }
})

t.test('what is documented of <cloudinary-upload> is what it has', {
  skip: NO_BROWSER || LONG
}, async (t) => {
  const { open } = await startElementWorld(t)
  const docs = readFileSync(join(BROWSER, '../../docs/browser.md'), 'utf8')
  const source = readFileSync(join(BROWSER, 'upload-element.ts'), 'utf8')
  const docstring = /\/\*\*(?:(?!\*\/).)*?\*\/(?=\nexport class)/s.exec(source)?.[0] ?? ''
  const named = (text: string | undefined): string[] => [...text?.matchAll(/`([^`]+)`/g) ?? []].map(([, name = '']) => name)
  const rows = (text: string, head: string): string[] =>
    text.slice(text.indexOf(head)).split(/\n(?: \* )?\n|\n \*\n/, 1)[0]?.split('\n').slice(2) ?? []
  const firstCells = (text: string, head: string): string[] =>
    rows(text, head).flatMap((row) => named(row.split('|')[1])).map((name) => name.replace(/=.*/, ''))

  await t.test('members of the types', async (t) => {
    const page = await open(t)
    const file = parsed('upload-element.ts')
    const element = file.statements.find(ts.isClassDeclaration)
    const members = element?.members.flatMap(({ name }) => name && !ts.isPrivateIdentifier(name) ? name.getText(file) : []) ?? []
    t.ok(members.includes('value') && members.includes('clear') && members.length > 30)
    t.same(await page.run(`${JSON.stringify(members)}.filter((name) => !(name in field) && !(name in field.constructor))`), [])
    const own = await page.run<string[]>('Object.getOwnPropertyNames(field.constructor.prototype)')
    t.same(own.filter((name) => !members.includes(name) && name !== 'constructor'), [], 'nothing else is on the element')
    t.same(await page.run('Object.keys(field)'), [])
  })

  await t.test('attributes, sources and custom properties are the same in both texts', async (t) => {
    const page = await open(t)
    const ofDocs = firstCells(docs, '| attribute | meaning |')
    const ofDocstring = rows(docstring, '| attribute (property) |').flatMap((row) => named(row.split('|')[1]?.replace(/\(.*?\)/g, '')))
    t.same(ofDocs.filter((name) => !ofDocstring.includes(name)), [])
    const observed = await page.run<string[]>('field.constructor.observedAttributes')
    t.same(ofDocstring.filter((name) => !observed.includes(name)), [])
    t.same(observed.filter((name) => !ofDocstring.includes(name) && name !== 'lang'), [])
    const sources = (text: string): string[] => named(/`sources`.*?\|(.*?)\|/.exec(text)?.[1])
    t.same(sources(docs), ['file camera url'])
    t.same(sources(docstring), sources(docs))
    const colors = (text: string): string[] => [...new Set(text.match(/--cg-[\w-]+(?=`)/g))].sort()
    t.same(colors(docstring), colors(docs))
  })

  await t.test('parts', async (t) => {
    const page = await open(t, 'multiple: true, maxFiles: 3')
    const partsOf = (text: string | undefined): string[] => named(text).sort()
    const ofDocs = partsOf(/\| parts \|(.*)/.exec(docs)?.[1])
    t.same(partsOf(/; parts (.*?)\./s.exec(docstring)?.[1]), ofDocs)
    const seen = new Set<string>()
    const look = async (): Promise<void> => {
      const parts = await page.run<string[]>(
        '[...field.shadowRoot.querySelectorAll(\'[part]\')].flatMap(({ part }) => [...part])'
      )
      for (const part of parts) seen.add(part)
    }
    await look()
    await page.button('Use a link').click()
    await look()
    await page.run('drag(\'dragenter\', [new File([\'x\'], \'a.txt\')])')
    await page.field.locator('.veil').waitFor()
    await look()
    await page.run(
      'field.upload([new File([\'x\'], \'a.txt\'), \'http://127.0.0.1:9/b.jpg\', new File([], \'c.txt\')])'
    )
    await page.untilRows('done', 1)
    await page.untilRows('failed', 2)
    await page.button('Details: b.jpg').click()
    await page.run('field.upload(new File([\'x\'], \'a.txt\'))')
    await look()
    await page.run('field.upload([\'d\', \'e\', \'f\'].map((name) => new File([name], name)))')
    await look()
    t.same(ofDocs.filter((part) => !seen.has(part)), [])
  })

  await t.test('only the sources that a page names are offered', async (t) => {
    const page = await open(t, 'sources: \'url\', required: true')
    await page.button('Use a link').waitFor()
    t.equal(await page.button('Choose a file').count(), 0)
    t.equal(await page.field.locator('.invite').count(), 0, 'nothing invites to drop')
    await page.run('drag(\'drop\', [new File([\'x\'], \'a.txt\')])')
    t.equal(await page.run('field.files.length'), 0)
    t.equal(await page.run('field.reportValidity()'), false)
    t.equal(await page.focused(), 'Use a link')
    await page.run('field.sources = \'file\'')
    await page.button('Choose a file').waitFor()
    t.equal(await page.button('Use a link').count(), 0)
    await page.run('field.sources = \'camera\'')
    await page.button('Take a photo').waitFor()
    t.equal(await page.button('Choose a file').count(), 0)
    await page.run('field.sources = \'\'')
    await page.button('Use a link').waitFor()
    t.equal(await page.button('Choose a file').count(), 1)
    t.same(page.complaints, [])
  })
})
