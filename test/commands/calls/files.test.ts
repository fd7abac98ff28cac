import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { planFiles } from '../../../src/commands/calls/files.ts'

t.test('planFiles', async (t) => {
  const folder = t.testdir({
    photos: { 'a.jpg': 'a', '.hidden': 'h', sub: { 'b.MP4': 'bb', 'notes.txt': 'nnn', README: '' } },
    twins: { 'a.jpg': 'a', 'a.png': 'a' }
  })
  const photos = join(folder, 'photos')
  symlinkSync('/etc/passwd', join(photos, 'linked'))
  const idsOf = async (...given: Parameters<typeof planFiles>) => (await planFiles(...given)).map(
    ({ publicId }) => publicId
  )

  t.test('names the files of a folder after their paths, raw ones with their extensions', async (t) => {
    t.same(
      await idsOf([photos], { named: false }),
      ['photos/a', 'photos/sub/README', 'photos/sub/b', 'photos/sub/notes.txt']
    )
    t.same(
      await idsOf([`${photos}/`], { folder: '2024', named: false }),
      ['2024/photos/a', '2024/photos/sub/README', '2024/photos/sub/b', '2024/photos/sub/notes.txt']
    )
  })

  t.test('leaves the name of a single file and of a URL to Cloudinary, unless it is wanted', async (t) => {
    const file = join(photos, 'a.jpg')
    t.same(await planFiles([file, 'https://example.com/x.jpg'], { named: false }), [
      { source: file, path: file, bytes: 1, publicId: undefined },
      { source: 'https://example.com/x.jpg', path: undefined, bytes: 0, publicId: undefined }
    ])
    t.same(await idsOf([file], { folder: 'x', named: true }), ['x/a'])
  })

  t.test('says which folder below cannot be read', async (t) => {
    const above = mkdtempSync(join(tmpdir(), 'files-'))
    chmodSync(above, 0o755)
    mkdirSync(join(above, 'closed'), { mode: 0 })
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65534) // root may read everything
    t.teardown(() => {
      if (isRoot) process.seteuid?.(0)
      rmSync(above, { recursive: true })
    })
    await t.rejects(
      planFiles([above], { named: false }),
      { name: 'UsageError', message: /closed cannot be read \(EACCES\)$/ }
    )
  })

  t.test('says what cannot be read, and which files would replace one another', async (t) => {
    await t.rejects(
      planFiles([join(folder, 'none')], { named: false }),
      { name: 'UsageError', message: /none cannot be read \(ENOENT\)$/ }
    )
    await t.rejects(
      planFiles([join(folder, 'twins')], { named: false }),
      { name: 'UsageError', message: /a\.jpg and .*a\.png would both be stored as twins\/a$/ }
    )
  })
})
