import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import { samplePath, withRouteTable } from '../support/route-table.ts'
import { talk } from '../support/talk.ts'

// Each kind of broken body, sent to each route. What a parser says of it differs from one version to the
// next, and tells strangers which one it is: all that is told must be in the lists of our own sentences.

/** `detail` of failures that point at nothing. */
const DETAILS: readonly RegExp[] = [
  /^There is no error code ":code"\.$/, // the example of a path is none
  /^The body is not valid JSON\.$/,
  /^The body has (?:more than )?\d+ bytes; the limit for (?:JSON|a urlencoded form) is \d+\.$/,
  /^The file has at least \d+ bytes; the limit is \d+\.$/,
  /^The multipart body ends before its closing boundary\.$/,
  /^The multipart body has (?:a part without a name|a part whose headers have no end|a part with a header that cannot be read|a part with a Content-Disposition that cannot be read|text before its first boundary|text behind a boundary|bytes behind its closing boundary)\.$/,
  /^The multipart body has a part with (?:more than 32 headers|Content-Type given twice|"name" given twice in its Content-Disposition)\.$/,
  /^The form has more than \d+ (?:parts|bytes beside its file)\.$/,
  /^The form has a part whose name is that of a member of every object, such as "constructor"\.$/,
  /^The field "tags" has more than 1048576 bytes\.$/,
  /^Each part needs a name of 1 to 128 characters\.$/,
  /^Content-Type must name one boundary of 1 to 70 characters\.$/,
  /^The only multipart type that is understood is multipart\/form-data\.$/,
  /^Content-(?:Encoding|Type) (?:is not understood; send the bytes as they are|"[^"]*" is not a media type)\.$/,
  /^Transfer-Encoding is not understood; send the bytes as they are\.$/,
  /^The charset "utf-16" is not understood; send the text in UTF-8\.$/,
  /^The body has no Content-Type, so it is unclear what its bytes are\.$/,
  /^text\/plain is what clients send when nobody chose a type; it counts as bytes only with resource_type=raw in the query\.$/,
  /^This route takes multipart\/form-data: the file beside the signed fields\.$/,
  /^This route takes application\/json, named in Content-Type\.$/,
  /^This is not a valid HTTP request\.$/,
  /^The request cannot be read\.$/,
  /^There is no route GET \/docs\/static\/cats\/tom\.$/,
  // A body that counts as absent, before an upstream that knows nothing of deletions.
  /^Cloudinary's answer does not say whether the asset was deleted\.$/
]

/** `message` of each fault. */
const MESSAGES: readonly RegExp[] = [
  /^(?:GET|POST|DELETE|PATCH) takes no body here(?:; its fields go into the query)?$/i,
  /^the body (?:is required: send|must be) a JSON object$/i,
  /^is not UTF-8$/, /^has a name that is not UTF-8$/, /^has a file name that is not UTF-8$/,
  /^is given twice$/, /^is required$/, /^is required: send it as a multipart part of this name$/,
  /^is required, and nothing else in this urlencoded form is a field: the body may be of another type$/,
  /^is required, by itself, among the fields or inside the error$/,
  /^name at least one field to change$/,
  /^is nested more than 100 levels deep$/,
  /^holds half of a Unicode character$/,
  /^is a number that cannot be kept exactly; use fewer digits, or text where the field takes text$/,
  /^has (?:a name that has )?a "%" that is not followed by two hex digits; send "%25" for a percent sign$/,
  /^has the Content-Transfer-Encoding "base64", which is not decoded; send its bytes as they are$/,
  /^is text in the charset "utf-16"; send it in UTF-8$/,
  /^is empty: it has 0 bytes$/,
  /^is a file; the only file is the part named "file"$/,
  /^is not a field of this action(?:; did you mean "[a-z_]+"\?)?$/, /^belongs in the (?:query|body|path)$/,
  /^looks like JSON but is not: check its quotes, commas and brackets$/,
  /^must be (?:string|boolean|integer|object|array)$/, /^must not be null: leave it out, or give it a value$/,
  /^is not a usable name$/,
  /^must not begin or end with a blank or a slash, and must hold no empty, "\." or "\.\." segment and no control character$/,
  /^is missing; (?:it must be Unix time in whole seconds|with a large file, the fields must stand before the file)$/
]

const BOUNDARY = 'b0undary'
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const FILE = 'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\nabc'

const part = (head: string): string => `--${BOUNDARY}\r\n${head}\r\n`
const END = `--${BOUNDARY}--\r\n`
const field = (name: string, value: string): string => part(
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
)

type Kind = readonly [type: string | undefined, body: string | Buffer]

const TEXTS: Readonly<Record<string, Kind>> = {
  'JSON that is cut off': [JSON_TYPE, '{"public_id":"a'],
  'JSON with a comma too many': [JSON_TYPE, '{"public_id":"a",}'],
  'JSON in single quotes': [JSON_TYPE, "{'public_id':'a'}"],
  'JSON with a line break in a string': [JSON_TYPE, '{"public_id":"a\nb"}'],
  'JSON with a broken escape': [JSON_TYPE, '{"public_id":"\\x"}'],
  'two JSON texts': [JSON_TYPE, '{}{}'],
  'a blank': [JSON_TYPE, ' '],
  'no JSON at all': [JSON_TYPE, 'public_id=a'],
  'bytes as JSON': [JSON_TYPE, randomBytes(3000)],
  'JSON in UTF-16': [JSON_TYPE, Buffer.from('\ufeff{"public_id":"a"}', 'utf16le')],
  'JSON that is not UTF-8': [JSON_TYPE, Buffer.from('{"public_id":"\xe9"}', 'latin1')],
  'JSON with half of a character': [JSON_TYPE, '{"public_id":"\\ud800"}'],
  'JSON with a name twice': [JSON_TYPE, '{"public_id":"a","public_id":"b"}'],
  'JSON with a number that is too long': [JSON_TYPE, '{"public_id":12345678901234567890}'],
  'JSON with a prototype': [JSON_TYPE, '{"__proto__":{"public_id":"a"}}'],
  'JSON with a constructor': [JSON_TYPE, '{"constructor":{"prototype":{}}}'],
  'deep JSON': [JSON_TYPE, `{"public_id":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  'deep JSON without an end': [JSON_TYPE, '['.repeat(50_000)],
  'a list': [JSON_TYPE, '[1]'],
  'a number': [JSON_TYPE, '1'],
  null: [JSON_TYPE, 'null'],
  'a long data URI with a broken end': [JSON_TYPE, `{"file":"data:;base64,${'A'.repeat(70_000)}`],
  'a long data URI with a broken escape': [JSON_TYPE, `{"file":"data:;base64,${'A'.repeat(70_000)}\\x"}`],
  'JSON over the limit': [JSON_TYPE, `{"public_id":"${'x'.repeat(300_000)}"}`],
  'JSON in a foreign charset': [`${JSON_TYPE}; charset=utf-16`, '{}'],
  'JSON text in fields': [
    JSON_TYPE,
    '{"tags":"[\\"a\\"","context":"{\\"a\\":}","eager":"[,]","transformation":"{\'a\':1}","file":"https://example.com/a"}'
  ],
  'a form with a broken escape': [FORM_TYPE, 'file=%zz&tags=%'],
  'a form that is not UTF-8': [FORM_TYPE, 'file=%FF&%C3=a'],
  'a form with JSON text': [FORM_TYPE, 'file=https://example.com/a&tags=["a"&context={"a":}'],
  'bytes as a form': [FORM_TYPE, randomBytes(3000)],
  'text without a chosen type': ['text/plain', '{}'],
  'no type': [undefined, '{}'],
  'a type that is none': ['json', '{}'],
  'packed JSON': [`${JSON_TYPE}\r\nContent-Encoding: gzip`, gzipSync('{}')],
  'packed and in chunks': [`${JSON_TYPE}\r\nTransfer-Encoding: gzip, chunked`, '2\r\n{}\r\n0\r\n\r\n'],
  'a broken chunk': [`${JSON_TYPE}\r\nTransfer-Encoding: chunked`, 'zz\r\n{}\r\n'],
  'two lengths': [`${JSON_TYPE}\r\nContent-Length: 7`, '{}']
}

const FORMS: Readonly<Record<string, Kind>> = {
  'no boundary': ['multipart/form-data', `${part(FILE)}${END}`],
  'an endless boundary': [`multipart/form-data; boundary=${'x'.repeat(100)}`, ''],
  'another kind of multipart': [`multipart/mixed; boundary=${BOUNDARY}`, `${part(FILE)}${END}`],
  'another boundary': [MULTIPART.replace(BOUNDARY, 'other'), `${part(FILE)}${END}`],
  'no parts': [MULTIPART, END],
  'no form': [MULTIPART, 'x'],
  'bytes as a multipart form': [MULTIPART, randomBytes(3000)],
  'a form without an end': [MULTIPART, part(FILE)],
  'a form that is cut off in a file': [MULTIPART, `--${BOUNDARY}\r\n${FILE}`],
  'a form that is cut off in a field': [
    MULTIPART, `${part(FILE)}--${BOUNDARY}\r\nContent-Disposition: form-data; name="tags"\r\n\r\na`
  ],
  'a form that is cut off in a head': [MULTIPART, `--${BOUNDARY}\r\nContent-Disposition: form-da`],
  'a head without an end': [
    MULTIPART, `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n${END}`
  ],
  'a header that is none': [MULTIPART, `${part('no header\r\n\r\nx')}${part(FILE)}${END}`],
  'a part without a name': [
    MULTIPART, `${part('Content-Disposition: form-data\r\n\r\nx')}${part(FILE)}${END}`
  ],
  'a part without any header': [MULTIPART, `${part('\r\nx')}${part(FILE)}${END}`],
  'an empty name': [MULTIPART, `${field('', 'x')}${part(FILE)}${END}`],
  'a name given twice': [
    MULTIPART, `${part('Content-Disposition: form-data; name="a"; name="b"\r\n\r\nx')}${part(FILE)}${END}`
  ],
  'a header given twice': [
    MULTIPART,
    `${part('Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx')}${part(FILE)}${END}`
  ],
  'too many headers': [
    MULTIPART,
    `${part(`${'X: y\r\n'.repeat(40)}Content-Disposition: form-data; name="a"\r\n\r\nx`)}${part(FILE)}${END}`
  ],
  'text before the first boundary': [MULTIPART, `hello\r\n${part(FILE)}${END}`],
  'bytes behind the end': [MULTIPART, `${part(FILE)}${END}hello`],
  'a part in base64': [
    MULTIPART,
    `${part('Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD')}${END}`
  ],
  'a field in UTF-16': [
    MULTIPART,
    `${part('Content-Disposition: form-data; name="tags"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\na')}${part(FILE)}${END}`
  ],
  'a field that is not UTF-8': [
    MULTIPART, Buffer.from(`${field('tags', '\xe9')}${part(FILE)}${END}`, 'latin1')
  ],
  'a file name that is not UTF-8': [
    MULTIPART, Buffer.from(`${part(FILE.replace('a.bin', '\xe9'))}${END}`, 'latin1')
  ],
  'a name of every object': [
    MULTIPART, `${field('__proto__', 'x')}${field('constructor', 'x')}${part(FILE)}${END}`
  ],
  'a name of every object behind the file': [MULTIPART, `${part(FILE)}${field('constructor', 'x')}${END}`],
  'too many parts': [MULTIPART, `${field('tags', 'x').repeat(5000)}${part(FILE)}${END}`],
  'too many parts behind the file': [MULTIPART, `${part(FILE)}${field('tags', 'x').repeat(5000)}${END}`],
  'too much text': [MULTIPART, `${field('tags', 'x'.repeat(60_000)).repeat(20)}${part(FILE)}${END}`],
  'a long field': [MULTIPART, `${field('tags', 'x'.repeat(1_100_000))}${part(FILE)}${END}`],
  'an empty file': [MULTIPART, `${part(FILE.replace('abc', ''))}${END}`],
  'two files': [MULTIPART, `${part(FILE)}${part(FILE)}${END}`],
  'a file of another name': [MULTIPART, `${part(FILE.replace('"file"', '"image"'))}${END}`],
  'JSON text in fields of a form': [
    MULTIPART, `${field('tags', '["a"')}${field('context', '{"a":}')}${part(FILE)}${END}`
  ],
  'a JSON part that is none': [
    MULTIPART,
    `${part('Content-Disposition: form-data; name="context"\r\nContent-Type: application/json\r\n\r\n{"a":')}${part(FILE)}${END}`
  ]
}

interface Problem { status: number, detail: string, errors?: Array<{ pointer: string, message: string }> }

function request (method: string, path: string, [type, body]: Kind): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close',
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...(type?.includes('Transfer-Encoding') ? [] : [`Content-Length: ${Buffer.byteLength(body)}`])
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)])
}

/** What is told that is in none of the lists. */
function strangeSentences ({ detail, errors = [] }: Problem): string[] {
  const [first] = errors
  if (first === undefined) return DETAILS.some((sentence) => sentence.test(detail)) ? [] : [detail]
  const isOurs = (message: string): boolean => MESSAGES.some((sentence) => sentence.test(message))
  const messages = errors.map(({ message }) => message).filter((message) => !isOurs(message))
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const told = first.pointer === ''
    ? first.message.replace(
      /^./, (letter) => letter.toUpperCase()
    )
    : `${first.pointer}: ${first.message}`
  return detail === `${told}${more}` ? messages : [...messages, detail]
}

t.test('no word of a parser reaches a caller, on any route', { skip: LONG }, async (t) => {
  const upstream = await startFaultUpstream(t)
  const { app, table } = await withRouteTable(() => buildApp({
    config: testConfig([environmentAt(upstream.url)], {
      jsonMaxBytes: 200_000,
      upload: { textMaxBytes: 200_000, bufferBytes: 5 * 1024 ** 2 }
    })
  }))
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const rows = table.filter(
    ({ method, options }) => !['HEAD', 'OPTIONS'].includes(method) && options.url !== '*'
  )
  t.ok(rows.length >= 20, `${rows.length} routes`)
  for (const { method, options: { url } } of rows) {
    const kinds = Object.entries({ ...TEXTS, ...FORMS })
    const path = samplePath(url)
    const answers = await Promise.all(kinds.map(async ([what, kind]) => {
      return [what, await talk(base, request(method, path, kind))] as const
    }))
    for (const [what, answer] of answers) {
      const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? []
      const name = `${method} ${url}: ${what}: ${status}`
      if (status.startsWith('2') || status.startsWith('3')) t.pass(name)
      else {
        const problem = JSON.parse(
          answer.slice(answer.indexOf('\r\n\r\n'))
        ) as Problem // every failure is one
        t.same([problem.status === 500, strangeSentences(problem)], [false, []], name)
      }
    }
  }
})

t.test('a sentence of a parser is found where there is one', async (t) => {
  for (const detail of [
    'Unexpected token } in JSON at position 5',
    'The multipart body is broken: Malformed part header.',
    'reach parts limit',
    'prototype property is not allowed as field name'
  ]) {
    t.same(strangeSentences({ status: 400, detail }), [detail])
  }
  const message = 'looks like JSON but is not: Unexpected end of JSON input'
  t.same(
    strangeSentences({ status: 400, detail: `/tags: ${message}`, errors: [{ pointer: '/tags', message }] }),
    [message]
  )
})
