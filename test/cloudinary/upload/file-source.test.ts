import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { openFileText } from '../../../src/cloudinary/upload/file-source.ts'
import type { StreamedFile } from '../../../src/input/forms/upload-form.ts'

async function opened (given: string, root?: string): Promise<StreamedFile> {
  const file = await openFileText(given, root)
  if (typeof file === 'string') throw new Error('is a URL')
  return file
}

function folder (t: Test): string {
  return t.testdir({ root: { 'a.txt': 'hello', sub: { 'b.txt': 'deep' } }, outside: { 'secret.txt': 'CANARY' }, 'root-twin': { 'c.txt': 'twin' } })
}

t.test('a URL stays text: Cloudinary fetches it', async (t) => {
  for (const url of ['https://example.com/a.jpg', 'HTTP://example.com', 'ftp://u:p@host/x', 's3://bucket/key', 'gs://bucket/key']) t.equal(await openFileText(url, undefined), url)
})

t.test('400 for other schemes and broken URLs', async (t) => {
  for (const url of ['file:///etc/passwd', 'javascript:1', 'blob:x', 'http:/x', 'https://exa mple.com', 'https://a\n', 'c:\\x', '', 'gopher://x']) {
    await t.rejects(openFileText(url, '/tmp'), { code: 'invalid_request', errors: [{ pointer: '/file' }] }, JSON.stringify(url))
  }
})

t.test('400 for a scheme in letters that only look like it once their case is folded: no rule about URLs has seen it', async (t) => {
  for (const url of ['\u017f3://bucket/key', 'g\u017f://bucket/key', 'http\u017f://10.0.0.1/a']) {
    await t.rejects(openFileText(url, undefined), {
      code: 'invalid_request', errors: [{ pointer: '/file' }]
    }, url)
  }
})

t.test('a data URI becomes bytes without a name, as it is', async (t) => {
  for (const uri of ['data:image/png;base64,aGVsbG8=', 'data:;base64,AA==', 'DATA:text/plain;charset=utf-8;base64,AA==']) {
    const file = await opened(uri)
    t.match(file, { filename: undefined, length: uri.length })
    t.equal(await text(file.stream), uri)
    file.stop()
  }
})

t.test('400 for a data URI that is not base64, or empty', async (t) => {
  for (const uri of ['data:text/plain,hello', 'data:image/png;base64', `data:${'x'.repeat(300)};base64,AA==`]) {
    await t.rejects(openFileText(uri, undefined), { message: /not a base64 data URI/ })
  }
  await t.rejects(openFileText('data:image/png;base64,', undefined), { message: /is empty: it has 0 bytes/ })
})

t.test('a file below the upload folder is opened, by a relative and by the full path', async (t) => {
  const root = join(folder(t), 'root')
  for (const path of ['a.txt', 'sub/b.txt', join(root, 'a.txt')]) {
    const file = await opened(path, root)
    t.equal(file.length, path.endsWith('b.txt') ? 4 : 5)
    t.equal(file.filename, path.split('/').at(-1))
    t.equal(await text(file.stream), path.endsWith('b.txt') ? 'deep' : 'hello')
  }
  const file = await opened('a.txt', root)
  file.stop()
  t.ok(file.stream.destroyed)
})

t.test('a folder that is itself reached by a link works: it is the operator\'s own', async (t) => {
  const dir = folder(t)
  symlinkSync(join(dir, 'root'), join(dir, 'link'))
  t.equal(await text((await opened(join(dir, 'link', 'a.txt'), join(dir, 'link'))).stream), 'hello')
})

t.test('M35: 400 for everything else that looks like a path, and the secret is never read', async (t) => {
  const dir = folder(t)
  const root = join(dir, 'root')
  symlinkSync(join(dir, 'outside', 'secret.txt'), join(root, 'link.txt'))
  symlinkSync(join(dir, 'outside'), join(root, 'way-out'))
  symlinkSync(join(root, 'sub'), join(root, 'way-in'))
  execFileSync('mkfifo', [join(root, 'fifo')])
  mkdirSync(join(root, 'empty'))
  writeFileSync(join(root, 'locked'), 'x', { mode: 0o000 })
  const paths = [
    '../outside/secret.txt', join(dir, 'outside', 'secret.txt'), 'sub/../../outside/secret.txt', 'link.txt', 'way-out/secret.txt', 'way-in/b.txt',
    '../root-twin/c.txt', join(dir, 'root-twin', 'c.txt'), 'fifo', 'sub', 'empty', '.', '..', '/', root, 'absent.txt', 'a.txt\0', 'sub\\b.txt', '~/a.txt', './a.txt', 'sub//b.txt',
    '/proc/self/environ', '/dev/zero', 'a.txt/', 'a.txt/x'
  ]
  for (const path of paths) await t.rejects(openFileText(path, root), { code: 'invalid_request', message: '/file: is not a readable file below the upload folder' }, JSON.stringify(path))
})

t.test('M35: a file of another user, which this process may not read, is refused like one that is absent', async (t) => {
  const dir = folder(t)
  const locked = join(dir, 'root', 'locked')
  // Root reads everything, so it steps down; anybody else is locked out of a file without any permission.
  const isRoot = process.getuid?.() === 0
  writeFileSync(locked, 'CANARY', { mode: isRoot ? 0o600 : 0 })
  const attempt = async (path: string): Promise<unknown> => openFileText(path, join(dir, 'root')).catch((error: unknown) => error)
  if (isRoot) process.seteuid?.(65_534)
  try {
    const [refused, absent, readable] = [await attempt('locked'), await attempt('absent'), await attempt('a.txt')]
    t.match(refused, { code: 'invalid_request', cause: { code: 'EACCES' } }, 'the cause is for the log')
    t.match(absent, { code: 'invalid_request', message: (refused as Error).message }, 'the caller cannot tell') // it is one, as the line before has seen
    t.match(readable, { length: 5 }, 'others are read as ever')
    ;(readable as StreamedFile).stop() // it is one, as the line before has seen
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

t.test('M35: a link swapped in between two openings never leads out', async (t) => {
  const dir = folder(t)
  const root = join(dir, 'root')
  for (let round = 0; round < 20; round++) {
    const target = round % 2 === 0 ? join(dir, 'outside') : join(root, 'sub')
    execFileSync('ln', ['-sfn', target, join(root, 'turn')])
    await t.rejects(openFileText(round % 2 === 0 ? 'turn/secret.txt' : 'turn/b.txt', root), { code: 'invalid_request' })
  }
})

t.test('400 that says what a text was, with a folder and without', async (t) => {
  for (const [text, message] of [['C:\\fakepath\\a.jpg', /path of Windows/], ['file:///a.jpg', /address on the device/], ['[object File]', /JavaScript/], ['A'.repeat(64), /looks like base64/]] as const) {
    await t.rejects(openFileText(text, undefined), { code: 'invalid_request', errors: [{ pointer: '/file', message }] }, text)
  }
  await t.rejects(openFileText('C:\\fakepath\\a.jpg', '/srv'), { errors: [{ message: /path of Windows/ }] })
})

t.test('400 for any path when no folder is open to uploads, or it does not exist', async (t) => {
  await t.rejects(openFileText('a.txt', undefined), { code: 'invalid_request', message: /files of the server are not open to uploads/ })
  await t.rejects(openFileText('a.txt', '/nowhere/at/all'), { code: 'invalid_request' })
})
