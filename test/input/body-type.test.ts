import t from 'tap'
import {
  announcesBody, checkChosenType, foreignCharset, isFieldBody, isMultipart, isTextBody, isUrlencoded, mayBeJson, mediaTypeOf,
  textTooLarge, uploadTextTooLarge
} from '../../src/input/body-type.ts'

const TAKES = ['multipart/form-data', 'application/json']
const check = (type: string | undefined, resourceType?: unknown, headers: Record<string, string> = { 'content-length': '1' }) => (): void =>
  checkChosenType({ ...headers, ...(type !== undefined && { 'content-type': type }) }, { resourceType, takes: TAKES })

t.test('413 for text tells both numbers, and to an upload where the file belongs', async (t) => {
  const cause = new Error('x')
  t.match(textTooLarge('json', { bytes: '12', limit: 10, cause }), { code: 'payload_too_large', message: 'The body has 12 bytes; the limit for JSON is 10.', cause, members: {} })
  t.match(textTooLarge('form', { bytes: undefined, limit: 10 }), { message: 'The body has more than 10 bytes; the limit for a urlencoded form is 10.' })
  t.match(uploadTextTooLarge('json', { bytes: 12, limit: 10, what: 'The data URI' }), { message: /^The data URI has 12/, members: { advice: /^Send the file in a `multipart\/form-data` form/ } })
  t.match(uploadTextTooLarge('form', { bytes: 12, limit: 10 }), { members: { advice: /-H 'Content-Type: application\/octet-stream' --data-binary.*`multipart\/form-data`/ } })
})

t.test('announcesBody', async (t) => {
  for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': '1' }]) t.ok(announcesBody(headers))
  for (const headers of [{}, { 'content-length': '0' }]) t.notOk(announcesBody(headers))
})

t.test('a form is known by its type, however that is written', async (t) => {
  for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded ; charset=utf-8']) t.ok(isUrlencoded({ 'content-type': type }))
  for (const type of ['application/x-www-form-urlencodedx', 'multipart/form-data']) t.notOk(isUrlencoded({ 'content-type': type }))
  t.notOk(isUrlencoded({}))
})

t.test('types that somebody chose pass, and so do those that are read as fields', async (t) => {
  const types = [
    'application/octet-stream', 'IMAGE/JPEG', 'image/svg+xml', 'text/csv; charset=utf-8', 'x/y', 'video/mp4;codecs="a;b"', 'application/vnd.ms-excel',
    'application/json', 'Application/JSON; charset=utf-8', 'application/json;', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'multipart/mixed'
  ]
  for (const type of types) {
    for (const resourceType of [undefined, 'image', 'raw']) t.doesNotThrow(check(type, resourceType), type)
  }
})

t.test('415 with advice for what clients send when nobody chose: text/plain, and JSON under another name; raw says that it is meant', async (t) => {
  const types = [
    'text/plain', 'text/plain;charset=UTF-8', 'TEXT/Plain ; format=flowed', 'text/json', 'text/x-json', 'application/x-json', 'application/vnd.api+json',
    'application/problem+json; charset=utf-8', 'Application/LD+JSON', 'application/x-ndjson', 'application/jsonl', 'application/json5', 'application/json-seq'
  ]
  for (const type of types) {
    for (const resourceType of [undefined, 'auto', 'image', 'RAW', ['raw', 'raw']]) {
      t.throws(check(type, resourceType), {
        code: 'unsupported_media_type',
        message: /resource_type=raw in the query/,
        headers: { accept: 'multipart/form-data, application/json' },
        members: { advice: /`application\/json`.*`multipart\/form-data`.*`application\/octet-stream`.*`\?resource_type=raw`/ }
      }, `${type} ${String(resourceType)}`)
    }
    t.doesNotThrow(check(type, 'raw'), type)
  }
})

t.test('415 for no type and for what is none, whatever the query says', async (t) => {
  for (const resourceType of [undefined, 'raw']) {
    for (const headers of [{ 'content-length': '1' }, { 'transfer-encoding': 'chunked' }]) {
      t.throws(check(undefined, resourceType, headers as Record<string, string>), { code: 'unsupported_media_type', message: /has no Content-Type/, members: { advice: /application\/octet-stream/ } }) // one member or the other
    }
    for (const type of ['', ' ', ';charset=utf-8', 'json', 'text', 'undefined', '[object Object]', '*/*', 'image/*', '/', 'text/', '/plain', 'application/json, text/plain', 'a b/c', 'é/x']) {
      t.throws(check(type, resourceType), { code: 'unsupported_media_type', message: /is not a media type/, members: { advice: /multipart/ } }, type)
    }
  }
})

t.test('415 for what looks like a form and is not read as one, and for placeholders, whatever the query says', async (t) => {
  const types = [
    'application/octet-stream; boundary=b', 'image/png;boundary="b"', 'text/plain; charset=utf-8 ;Boundary = b', 'application/json; boundary=b', 'application/x-www-form-urlencoded; boundary=b',
    'application/form-data', 'text/form-data', 'form-data/multipart', 'application/multipart-formdata', 'application/multipart', 'application/x-form-urlencoded',
    'application/www-form-urlencoded', 'application/x-www-form-encoded', 'application/x-url-encoded', 'text/urlencoded', 'Application/Form-Encoded',
    'undefined/undefined', 'null/null', 'unknown/unknown', 'application/unknown', 'application/x-unknown', 'image/undefined', 'none/none', 'Unknown/Foo'
  ]
  for (const type of types) {
    for (const resourceType of [undefined, 'raw']) {
      t.throws(check(type, resourceType), { code: 'unsupported_media_type', message: /form|nobody chose/, members: { advice: /multipart/ } }, type)
    }
  }
  for (const type of ['application/vnd.formation', 'application/x-undefinedness', 'application/vnd.unknown-vendor', 'image/nullsoft', 'application/octet-stream; bound=b']) t.doesNotThrow(check(type), type)
})

t.test('the kind of a body is read in one place, however its type is written', async (t) => {
  t.equal(mediaTypeOf({ 'content-type': ' Image/PNG ; a=b' }), 'image/png')
  t.equal(mediaTypeOf({}), undefined)
  for (const type of ['multipart/form-data; boundary=b', 'Multipart/Mixed']) t.ok(isMultipart({ 'content-type': type }), type)
  for (const type of ['Application/JSON ; charset=utf-8', 'application/x-www-form-urlencoded']) t.ok(isTextBody({ 'content-type': type }), type)
  for (const headers of [{}, { 'content-type': 'application/jsonl' }, { 'content-type': 'image/png; a=multipart/b' }]) t.notOk(isMultipart(headers) || isTextBody(headers))
})

t.test('without a body there is nothing to judge', async (t) => {
  for (const type of [undefined, 'text/plain', 'nonsense']) {
    for (const length of ['0', '']) t.doesNotThrow(check(type, undefined, { 'content-length': length }))
  }
})

t.test('types under which JSON may be meant', async (t) => {
  for (const type of ['text/plain', 'Text/Plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'application/octet-stream', 'text/json', 'application/vnd.api+json', 'application/json', 'null/null']) {
    t.ok(mayBeJson({ 'content-type': type }), type)
  }
  t.ok(mayBeJson({}))
  for (const type of ['image/png', 'multipart/form-data; boundary=b', 'text/html', 'text/xml', 'application/zip']) t.notOk(mayBeJson({ 'content-type': type }), type)
})

t.test('a charset that is not UTF-8, and bodies to which it matters', async (t) => {
  for (const type of [undefined, 'a/b', 'a/b; charset=utf-8', 'a/b;Charset="UTF8"', 'a/b; charset = us-ascii ; x=y', 'a/b; x-charset=latin1']) t.equal(foreignCharset(type), undefined, String(type))
  for (const [type, charset] of [['a/b; charset=latin1', 'latin1'], ['a/b; CHARSET="utf-16" ', 'utf-16'], ['a/b; charset=utf-8; charset=koi8-r', 'koi8-r'], ['a/b; charset=', '']] as const) {
    t.equal(foreignCharset(type), charset, type)
  }
  for (const type of ['application/json', 'Application/JSON; a=b', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b']) t.ok(isFieldBody({ 'content-type': type }), type)
  for (const type of ['text/plain', 'image/png', 'application/problem+json']) t.notOk(isFieldBody({ 'content-type': type }), type)
  t.notOk(isFieldBody({}))
})
