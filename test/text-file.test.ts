import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readTextFile } from '../src/text-file.ts'

t.test('readTextFile', async (t) => {
  const folder = t.testdir({ secret: 'abc\n', whole: 'x'.repeat(1024 * 1024), large: 'x'.repeat(1024 * 1024 + 1), folder: {} })

  t.test('gives the text of a file, through a link too', async (t) => {
    symlinkSync(join(folder, 'secret'), join(folder, 'link'))
    t.equal(readTextFile(join(folder, 'secret')), 'abc\n')
    t.equal(readTextFile(join(folder, 'link')), 'abc\n')
    t.equal(readTextFile(join(folder, 'whole')).length, 1024 * 1024)
  })

  t.test('refuses what is too large, and what is no file', async (t) => {
    t.throws(() => readTextFile(join(folder, 'large')), { message: 'it is larger than 1 MiB' })
    t.throws(() => readTextFile(join(folder, 'folder')), { message: 'it is not a regular file' })
    t.throws(() => readTextFile('/dev/zero'), { message: 'it is not a regular file' })
  })

  t.test('refuses a named pipe without waiting for a writer', async (t) => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    t.throws(() => readTextFile(pipe), { message: 'it is not a regular file' })
  })

  t.test('fails with the code of a missing file and of a circle of links', async (t) => {
    symlinkSync(join(folder, 'b'), join(folder, 'a'))
    symlinkSync(join(folder, 'a'), join(folder, 'b'))
    t.throws(() => readTextFile(join(folder, 'absent')), { code: 'ENOENT' })
    t.throws(() => readTextFile(join(folder, 'a')), { code: 'ELOOP' })
    writeFileSync(join(folder, 'later'), 'now there')
    t.equal(readTextFile(join(folder, 'later')), 'now there')
  })
})
