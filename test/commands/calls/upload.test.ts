import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Interrupted } from '../../../src/commands/terminal.ts'
import { callable, called } from '../../support/called.ts'

t.test('upload', async (t) => {
  const { call, see, sandbox, url } = await callable(t)
  const picture = readFileSync('test/fixtures/landscape.jpg')
  const folder = t.testdir({
    photos: { 'a.jpg': picture, sub: { 'b.jpg': picture, 'notes.txt': 'hi' } },
    empty: {},
    'cat.jpg': picture,
    many: Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}.txt`, 'x']))
  })
  const photos = join(folder, 'photos')
  const uploads = () => sandbox.requests.filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/upload')
  ).length

  t.test('stores a folder, says so line by line, and leaves out what is there the next time', async (t) => {
    const first = await call(['upload', photos, '--folder', 'x', '--tags', 'a,b'])
    t.match(first, { code: 0, err: '' })
    t.same(first.lines.map(({ status, public_id: id, resource_type: kind }) => [status, id, kind]).sort(), [
      ['uploaded', 'x/photos/a', 'image'],
      ['uploaded', 'x/photos/sub/b', 'image'],
      ['uploaded', 'x/photos/sub/notes.txt', 'raw']
    ])
    t.match((await call(['get', 'x/photos/a'])).lines, [{ tags: ['a', 'b'], bytes: picture.length }])
    const before = uploads()
    const again = await call(['upload', photos, '--folder', 'x', '--skip-existing'])
    t.same(again.lines.map(({ status }) => status), ['skipped', 'skipped', 'skipped'])
    t.equal(uploads(), before)
  })

  t.test('names a file after itself where it looks for others', async (t) => {
    const args = ['upload', join(folder, 'cat.jpg'), '--skip-existing', '--type', 'private'] as const
    t.match((await call(args)).lines, [{ status: 'uploaded', public_id: 'cat' }])
    t.match((await call(args)).lines, [{ status: 'skipped', public_id: 'cat' }])
  })

  t.test('stores a file under the name that it is given, in its folder', async (t) => {
    t.match(
      (await call(['upload', join(folder, 'cat.jpg'), '--public-id', 'tom', '--folder', 'cats'])).lines,
      [{ public_id: 'cats/tom' }]
    )
    t.match(
      (await call(['upload', `${url}/openapi.json`])).lines,
      [{ status: 'failed', code: /./ }],
      'the sandbox fetches nothing private'
    )
  })

  t.test('uploads nothing in a dry run', async (t) => {
    const before = uploads()
    t.match(
      (await call(['upload', photos, '--dry-run'])).lines.map((line) => line['public_id']).sort(),
      ['photos/a', 'photos/sub/b', 'photos/sub/notes.txt']
    )
    t.equal(uploads(), before)
  })

  t.test('shows a person lines, a bar and a sum', async (t) => {
    const seen = await see(['upload', photos], { animated: true })
    t.match(seen.out, /^uploaded {3}.*a\.jpg {2}-> photos\/a {2}http/m)
    t.ok(seen.err.endsWith(`[${'='.repeat(24)}] 100 %  3 of 3 files\r\u001b[K3 uploaded.\n`))
    const refused = await see(['upload', photos, '--preset', 'none'])
    t.match(refused, { code: 1, out: /^failed {5}.*a\.jpg {2}/m, err: '3 failed.\n' })
    t.match(await see(['upload', join(folder, 'empty')]), { code: 0, out: '', err: 'No files.\n' })
  })

  t.test('shows a person what a dry run would do', async (t) => {
    t.equal(
      (await see(['upload', 'https://example.com/x.jpg', '--dry-run'])).out,
      'planned    https://example.com/x.jpg\n'
    )
  })

  t.test('refuses what it cannot mean', async (t) => {
    await t.rejects(call(['upload']), { name: 'UsageError', message: 'FILE, FOLDER or URL is missing' })
    await t.rejects(
      call(['upload', photos, '--public-id', 'x']),
      { name: 'UsageError', message: /^--public-id is for one file/ }
    )
    const message = 'The file is given by its name alone, not with --field'
    await t.rejects(call(['upload', 'https://example.com/a', '-f', 'file=x']), {
      name: 'UsageError', message
    })
  })

  t.test('gives up where nothing answers, and when it is interrupted', async (t) => {
    t.match(
      await called(['upload', join(folder, 'cat.jpg')], { GATEWAY_URL: 'http://127.0.0.1:1' }),
      { code: 4, out: '' }
    )
    const controller = new AbortController()
    const before = uploads()
    let printed = ''
    const out = (text: string): void => {
      printed += text
      controller.abort(new Interrupted('Interrupted.', 130))
    }
    const args = ['upload', join(folder, 'many')] as const
    t.match(
      await call(args, { interruption: () => controller.signal, out }),
      { code: 130, err: 'Interrupted.\n' }
    )
    t.match(printed, /"status":"uploaded"/)
    t.ok(uploads() - before < 9)
  })
})
