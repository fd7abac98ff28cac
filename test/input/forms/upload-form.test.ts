import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import {
  announcedSize, checkBodyHeaders, lateField, MULTIPART, UploadForm, type FormPart, type StreamedFile
} from '../../../src/input/forms/upload-form.ts'
import { FormWatch } from '../../../src/input/forms/form-watch.ts'

const field = (fieldname: string, value: string, valueTruncated = false): FormPart => ({ type: 'field', fieldname, value, valueTruncated })

function filePart (content: string, changes: Partial<FormPart & { type: 'file' }> = {}): FormPart & { type: 'file' } {
  return { type: 'file', fieldname: 'file', filename: 'x.bin', mimetype: 'application/octet-stream', file: Readable.from(content === '' ? [] : [Buffer.from(content)], { objectMode: false }), ...changes }
}

async function * arriving (...parts: FormPart[]): AsyncGenerator<FormPart> { yield * parts }

const formOf = (...parts: FormPart[]): UploadForm => new UploadForm(arriving(...parts), { maxLength: 1000, idleTimeoutMs: 50 })
const text1 = { filename: undefined, mimetype: 'text/plain' }

async function streamedIn (form: UploadForm): Promise<StreamedFile> {
  const { file } = await form.open()
  if (typeof file === 'string') throw new Error('is text')
  return file
}

t.test('fields before the file, the file, and fields after it, in their order', async (t) => {
  const form = formOf(field('tags', 'a'), field('tags', 'b'), field('tags', 'c'), field('folder', 'f'), filePart('hello'), field('public_id', 'x'), field('eager', '1'), field('eager', '2'))
  const { fields, file } = await form.open()
  t.same({ ...fields }, { tags: ['a', 'b', 'c'], folder: 'f' })
  t.match(file, { filename: 'x.bin', maxLength: 1000 })
  t.equal(form.complete, false)
  t.equal(await text((file as StreamedFile).stream), 'hello') // a part with a file name
  t.same({ ...await form.late() }, { public_id: 'x', eager: ['1', '2'] })
  t.equal(form.complete, true)
})

t.test('a part named file is bytes when it has a file name or a type, and can be given up', async (t) => {
  t.match(await streamedIn(formOf(filePart('x', { filename: undefined, mimetype: 'image/png' }))), { filename: 'file' })
  t.match(await streamedIn(formOf(filePart('x', { filename: 'a.txt', mimetype: 'text/plain' }))), { filename: 'a.txt' })
  const file = await streamedIn(formOf(filePart('x')))
  file.stop()
  t.ok(file.stream.destroyed)
})

t.test('text for a file is read with everything that follows it', async (t) => {
  const form = formOf(filePart('https://example.com/a.jpg', text1), field('folder', 'f'))
  const { fields, file } = await form.open()
  t.equal(file, 'https://example.com/a.jpg')
  t.same({ ...fields }, { folder: 'f' })
  t.equal(form.complete, true)
})

t.test('a long data URI streams on as text; other long text is refused', async (t) => {
  const uri = `data:image/png;base64,${'A'.repeat(200_000)}`
  const file = await streamedIn(formOf(filePart(uri, text1)))
  t.equal(file.filename, undefined)
  t.equal((await buffer(file.stream)).toString(), uri)
  file.stop()
  const odd = await streamedIn(formOf(filePart(` ${uri.replace('data:', 'DATA:')}`, text1)))
  t.equal((await buffer(odd.stream)).toString(), uri, 'the blanks before it and its capitals say nothing')
  for (const [beginning, message] of [['', /too long for a URL or a path/], ['data:;;;nonsense', /is not a base64 data URI/]] as const) {
    const long = filePart(`${beginning}${'x'.repeat(200_000)}`, text1)
    await t.rejects(formOf(long).open(), { code: 'invalid_request', errors: [{ pointer: '/file', message }] })
    t.ok(long.file.destroyed)
  }
})

t.test('M13: 400 for no file, two files, text beside bytes', async (t) => {
  await t.rejects(formOf(field('folder', 'f')).open(), { code: 'invalid_request', errors: [{ pointer: '/file', message: /is required/ }] })
  const second = filePart('b')
  for (const extra of [second, field('file', 'https://x')]) {
    const form = formOf(filePart('a'), extra)
    await buffer((await streamedIn(form)).stream)
    await t.rejects(form.late(), { code: 'invalid_request', errors: [{ pointer: '/file', message: 'is given twice' }] })
  }
  t.ok(second.file.destroyed)
  await t.rejects(formOf(filePart('https://x', text1), filePart('b')).open(), { errors: [{ message: 'is given twice' }] })
})

t.test('a note about the file, blank or a JSON object, before its bytes is passed over; any other text beside bytes is not', async (t) => {
  const note = (content: string): FormPart => filePart(content, text1)
  for (const content of ['', ' \r\n', '{}', ' {"crop":{"x":1}}']) {
    const form = formOf(field('folder', 'f'), note(content), field('tags', 'a'), filePart('hello'), field('public_id', 'x'))
    const { fields, file } = await form.open()
    t.same({ ...fields }, { folder: 'f', tags: 'a' })
    t.equal(await text((file as StreamedFile).stream), 'hello') // a part with a file name
    t.same({ ...await form.late() }, { public_id: 'x' })
    const alone = formOf(note(content), field('folder', 'f'))
    t.same(await alone.open(), { fields: Object.assign(Object.create(null), { folder: 'f' }), file: content }, 'alone it stays what was sent for a file')
    t.ok(alone.complete)
    for (const second of ['https://x', '', '{}', `data:image/png;base64,${'A'.repeat(200_000)}`]) {
      await t.rejects(formOf(note(content), note(second)).open(), { errors: [{ pointer: '/file', message: 'is given twice' }] }, second.slice(0, 20))
    }
  }
  for (const content of ['[]', '"x"', '{', '{}x', 'null', '/etc/passwd', 'data:image/png;base64,AAAA']) {
    await t.rejects(formOf(note(content), filePart('hello')).open(), { errors: [{ pointer: '/file', message: 'is given twice' }] }, content)
  }
  const form = formOf(filePart('hello'), note('{}'))
  await buffer((await streamedIn(form)).stream)
  await t.rejects(form.late(), { errors: [{ message: 'is given twice' }] }, 'nor after them')
})

t.test('M14: 400 for a field before and after the file, and for a file under another name', async (t) => {
  const form = formOf(field('folder', 'a'), filePart('x'), field('folder', 'b'))
  await buffer((await streamedIn(form)).stream)
  await t.rejects(form.late(), { code: 'invalid_request', errors: [{ pointer: '/folder', message: 'is given before and after the file' }] })
  const other = filePart('x', { fieldname: 'a/b~' })
  await t.rejects(formOf(other).open(), { errors: [{ pointer: '/a~1b~0', message: /the only file is the part named "file"/ }] })
  t.ok(other.file.destroyed)
})

t.test('a field that came too late is named with the place where it belongs', async (t) => {
  t.same(lateField('a/b'), { pointer: '/a~1b', message: 'came after the file; put it before the file, or in the query' })
  t.match(lateField('folder', 'the data URI'), { message: /^came after the data URI; / })
})

t.test('M10: 413 for a field that is too long, 400 for a name that is none', async (t) => {
  await t.rejects(formOf(field('folder', 'x', true)).open(), { code: 'payload_too_large', message: 'The field "folder" has more than 1048576 bytes.' })
  await t.rejects(formOf(filePart('x'.repeat(1_100_000), { fieldname: 'context', filename: undefined, mimetype: 'application/json' })).open(), { code: 'payload_too_large' })
  for (const name of ['', 'x'.repeat(129), undefined]) {
    await t.rejects(formOf(field(name as string, 'x')).open(), { code: 'invalid_multipart' }) // the parser gives undefined for a part without a name
  }
})

t.test('M11: a name of the prototype is a name like any other here, and pollutes nothing', async (t) => {
  const { fields } = await formOf(field('__proto__', 'x'), field('constructor', 'y'), filePart('x')).open()
  t.same(Object.keys(fields), ['__proto__', 'constructor'])
  t.equal(Object.getPrototypeOf(fields), null)
})

t.test('M16: JSON in a field is text, untouched', async (t) => {
  const json = '{ "alt" : "1.0" }'
  const { fields } = await formOf(filePart(json, { fieldname: 'context', filename: undefined, mimetype: 'application/json' }), filePart('x')).open()
  t.equal(fields['context'], json)
})

t.test('M21: 408 when the next part does not come', async (t) => {
  async function * stuck (): AsyncGenerator<FormPart> { await new Promise(() => {}) }
  await t.rejects(new UploadForm(stuck(), { maxLength: undefined, idleTimeoutMs: 20 }).open(), { code: 'request_timeout' })
})

t.test('M21: 408 when fields come one by one, each in time, and the file does not; after the file there is no such limit', async (t) => {
  async function * trickling (): AsyncGenerator<FormPart> {
    for (let index = 0; ; index++) {
      await sleep(5)
      yield field(`name${index}`, 'x')
    }
  }
  const options = { maxLength: undefined, idleTimeoutMs: 10_000, fieldsTimeoutMs: 60 }
  await t.rejects(new UploadForm(trickling(), options).open(), { code: 'request_timeout', message: 'The fields before the file did not come within 60 ms.' })
  async function * slowEnd (): AsyncGenerator<FormPart> {
    yield filePart('hello')
    await sleep(100)
    yield field('public_id', 'x')
  }
  const form = new UploadForm(slowEnd(), options)
  const { file } = await form.open()
  t.equal(await text((file as StreamedFile).stream), 'hello') // a part with a file name
  t.same({ ...await form.late() }, { public_id: 'x' })
})

t.test('errors of the parser end the form, told as what they mean', async (t) => {
  async function * broken (): AsyncGenerator<FormPart> { throw new Error('Malformed part header') }
  const told = 'The multipart body has a part whose headers cannot be read.'
  await t.rejects(new UploadForm(broken(), { maxLength: undefined, idleTimeoutMs: 20 }).open(), { code: 'invalid_multipart', message: told })
})

t.test('M17, M8: headers alone tell that a body cannot be read', async (t) => {
  const check = (headers: Record<string, string>) => (): void => checkBodyHeaders(headers)
  t.throws(check({ 'content-type': 'multipart/mixed; boundary=x' }), { code: 'unsupported_media_type' })
  for (const parameters of ['', '; boundary=', '; boundary=""', `; boundary=${'x'.repeat(71)}`, `; boundary=${'x'.repeat(1000)}`, '; boundary=a; boundary=b']) {
    t.throws(check({ 'content-type': `multipart/form-data${parameters}` }), { code: 'invalid_multipart' }, parameters)
  }
  for (const boundary of ['x'.repeat(70), '"a b"', '----WebKitFormBoundary1', '"quoted"; charset=utf-8']) {
    t.doesNotThrow(check({ 'content-type': `Multipart/Form-Data; boundary=${boundary}` }), boundary)
  }
  t.doesNotThrow(check({}))
})

t.test('the announced size is exact for a raw body, a lower bound for a form, and none for a text around a data URI', async (t) => {
  t.equal(announcedSize({}), undefined)
  t.same(announcedSize({ 'content-length': '10', 'content-type': 'image/png' }), { bytes: 10, exact: true })
  t.same(announcedSize({ 'content-length': '10', 'content-type': 'multipart/form-data' }), { bytes: 0, exact: false })
  t.same(announcedSize({ 'content-length': String(1024 ** 2 + 10), 'content-type': 'multipart/form-data' }), { bytes: 10, exact: false }, 'a form holds at most a mebibyte beside its file')
  for (const type of ['application/json', 'Application/JSON ; charset=utf-8', 'application/x-www-form-urlencoded']) t.equal(announcedSize({ 'content-length': '10', 'content-type': type }), undefined)
  t.match(announcedSize({ 'content-length': '10', 'content-type': 'application/jsonl' }), { exact: true })
  t.match(announcedSize({ 'content-length': '10' }), { exact: true })
})

t.test('the parser treats as streams what it would otherwise touch', async (t) => {
  const { isPartAFile } = MULTIPART
  t.ok(isPartAFile('file', 'text/plain', undefined))
  t.ok(isPartAFile('x', 'text/plain', 'name'))
  t.ok(isPartAFile('x', 'application/json', undefined))
  t.ok(isPartAFile('x', 'application/octet-stream', undefined))
  t.notOk(isPartAFile('x', 'text/plain', undefined))
})

t.test('M21: 408 when all that is not the file comes too slowly on average, each part in time', async (t) => {
  const slow = { code: 'request_timeout', message: 'The form comes at less than 100 bytes per second.' }
  let nowMs = 0
  const slowly = (parts: readonly FormPart[], stepMs: number): UploadForm => {
    const watch = { bytes: 0, whole: async () => {} }
    async function * arriving (): AsyncGenerator<FormPart> {
      for (const part of parts) {
        await sleep(0)
        nowMs += stepMs
        watch.bytes += 1_000
        yield part
      }
    }
    // no more of it is used
    return new UploadForm(arriving(), {
      maxLength: undefined,
      idleTimeoutMs: 1_000,
      minBytesPerSecond: 100,
      now: () => nowMs,
      watch: watch as unknown as FormWatch
    })
  }
  const fields = ['a', 'b', 'c', 'd'].map((name) => field(name, 'x'))
  const file = filePart('hello')
  await t.rejects(slowly([...fields, file], 11_000).open(), slow)
  t.match(await slowly([...fields, filePart('hello')], 10_000).open(), { fields: { d: 'x' } })
  const unread = filePart('hello')
  await t.rejects(slowly([field('a', 'x'), unread], 20_000).open(), slow)
  t.ok(unread.file.destroyed, 'nobody will read it')
  async function * slowText (): AsyncGenerator<Buffer> {
    await sleep(0)
    nowMs += 60_000
    yield Buffer.from('https://example.com/a.jpg')
  }
  const slowPart = filePart('', { ...text1, file: Readable.from(slowText(), { objectMode: false }) })
  await t.rejects(slowly([field('a', 'x'), slowPart], 1).open(), slow)
  const late = slowly([filePart('hello'), ...fields], 11_000)
  await buffer(((await late.open()).file as StreamedFile).stream) // a part with a file name
  await t.rejects(late.late(), slow)
})

t.test('a fault of the framing ends the form: between parts, behind the last one, and in place of what the parser says', async (t) => {
  const failure = new GatewayError('invalid_multipart', 'x')
  const watched = (parts: AsyncIterable<FormPart>, watch: { failure?: GatewayError, whole: () => Promise<void> }): UploadForm =>
    new UploadForm(parts, { maxLength: undefined, idleTimeoutMs: 50, watch: watch as FormWatch }) // no more of it is used
  const part = filePart('hello')
  await t.rejects(watched(arriving(part), { failure, whole: async () => {} }).open(), failure)
  t.ok(part.file.destroyed, 'nobody will read it')
  await t.rejects(watched(arriving(field('a', 'b')), { failure, whole: async () => {} }).open(), failure)
  const late: { failure?: GatewayError, whole: () => Promise<void> } = { whole: async () => { late.failure = failure } }
  const form = watched(arriving(filePart('hello')), late)
  await buffer(((await form.open()).file as StreamedFile).stream) // a part with a file name
  await t.rejects(form.late(), failure)
  t.equal(form.complete, false)
  async function * broken (): AsyncGenerator<FormPart> { throw new Error('Malformed part header') }
  await t.rejects(watched(broken(), { failure, whole: async () => {} }).open(), failure)
  const endless = watched(arriving(filePart('https://example.com/a.jpg', text1)), { whole: () => new Promise(() => {}) })
  await t.rejects(endless.open(), { code: 'request_timeout' }, 'a body that does not end')
})
