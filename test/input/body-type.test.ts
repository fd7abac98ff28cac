import t from 'tap'
import { announcesBody, checkChosenType, isUrlencoded } from '../../src/input/body-type.ts'

const TAKES = ['multipart/form-data', 'application/json']
const check = (type: string | undefined, resourceType?: unknown, headers: Record<string, string> = { 'content-length': '1' }) => (): void =>
  checkChosenType({ ...headers, ...(type !== undefined && { 'content-type': type }) }, { resourceType, takes: TAKES })

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

t.test('without a body there is nothing to judge', async (t) => {
  for (const type of [undefined, 'text/plain', 'nonsense']) {
    for (const length of ['0', '']) t.doesNotThrow(check(type, undefined, { 'content-length': length }))
  }
})
