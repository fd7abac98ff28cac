import fc from 'fast-check'
import t from 'tap'
import { ROUTES } from '../../src/sandbox/routes.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { rounds, seed } from '../support/rounds.ts'

// Whatever comes in, the answer is an answer and the process lives.
const sandbox = await startSandbox({ samples: true })
t.teardown(() => sandbox.close())

const basic = `Basic ${btoa('1234:abcd')}`
const word = fc.oneof(
  fc.constantFrom('image', 'video', 'raw', 'auto', 'upload', 'private', 'authenticated', 'samples%2Flogo', 'samples/private', 'resources', 'tags', 'context', 'search', 'folders', 'upload_presets',
    'transformations', 'metadata_fields', 'destroy', 'explicit', 'rename', 'metadata', 'download', 'usage', 'ping', 'derived_resources', 'by_asset_ids', 'triggers', 'a'.repeat(32), '..', '%00', '%', '%zz', 'é', '__proto__', 'constructor'),
  fc.string({ maxLength: 6, unit: 'grapheme' }).map(encodeURIComponentSafely)
)
const name = fc.constantFrom('public_id', 'public_ids', 'public_ids[]', 'asset_ids[]', 'type', 'tags', 'tag', 'context', 'metadata', 'command', 'prefix', 'all', 'max_results', 'next_cursor', 'direction', 'start_at', 'fields',
  'expression', 'sort_by', 'aggregate', 'file', 'eager', 'transformation', 'format', 'allowed_formats', 'upload_preset', 'notification_url', 'moderation', 'moderation_status', 'access_control', 'face_coordinates', 'regions',
  'headers', 'from_public_id', 'to_public_id', 'to_type', 'name', 'settings', 'unsigned', 'external_id', 'label', 'datasource', 'validation', 'to_folder', 'derived_resource_ids', 'expires_at', 'attachment', 'target_filename',
  'timestamp', 'signature', 'folder', 'asset_folder', 'display_name', 'filename_override', 'overwrite', 'async', 'uri', 'event_type', 'responsive_breakpoints', 'clear_invalid', 'unique_display_name', 'exif', 'colors', 'order_by', 'return_delete_token', 'keep_original', 'with_field', '__proto__', 'constructor', 'toString')
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('', '0', '1', 'true', 'samples/logo', 'image', 'upload', 'a,b', 'a=b|c=d', '{}', '[]', '[{"a":1}]', 'null', '-1', '1e999', 'NaN', 'c_scale,w_10', '[{"create_derived":true,"max_images":3}]', 'c_fill,w_-1/png', 'data:image/png;base64,AAAA', 'data:,x',
    'data:text/plain;base64,aGk=', 'tags:*', '(', '[1 TO', '\u0000', '\ud800', '../../etc/passwd', 'x'.repeat(300)),
  fc.string({ maxLength: 12, unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 })
)

function encodeURIComponentSafely (text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

const anyPath = fc.record({ method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), path: fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('/')) })
/** A path of the table with something in the place of its variables. */
const knownPath = fc.tuple(fc.constantFrom(...ROUTES), fc.array(word, { minLength: 4, maxLength: 4 })).map(([{ method, path }, words]) => ({
  method,
  path: path.split('/').map((segment, index) => {
    const choices = /\(([a-z|]+)\)$/.exec(segment)?.[1]?.split('|')
    if (choices) return choices[(words[0] ?? '').length % choices.length]
    return /^[:*]/.test(segment) ? (segment === ':type' ? 'upload' : words[index % 4]) : segment
  }).join('/')
}))

t.test('random requests: no 500', async (t) => {
  const seen = new Map<number, number>()
  await fc.assert(fc.asyncProperty(
    fc.oneof({ weight: 1, arbitrary: anyPath }, { weight: 4, arbitrary: knownPath }), fc.array(fc.tuple(name, value), { maxLength: 4 }), fc.constantFrom('json', 'form', 'query', 'multipart', 'text'),
    async ({ method, path }, pairs, kind) => {
      const fields = Object.fromEntries(pairs)
      const texts = pairs.map(([key, one]): [string, string] => [key, String(typeof one === 'object' ? JSON.stringify(one) : one).toWellFormed()])
      const query = kind === 'query' || method === 'GET' ? `?${new URLSearchParams(texts)}` : ''
      const form = new FormData()
      for (const [key, text] of texts) form.append(key, text)
      const bodies = { json: JSON.stringify(fields), form: new URLSearchParams(texts), query: '', multipart: form, text: 'just text' }
      const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}${query}`, {
        method,
        headers: { authorization: basic, ...kind === 'json' && { 'content-type': 'application/json' } },
        ...method !== 'GET' && { body: bodies[kind as keyof typeof bodies] } // one of its names
      })
      const text = await answer.text()
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
      return answer.status !== 500 && (answer.status === 200 || text.startsWith('{"error":{"message":') || answer.headers.get('content-type')?.startsWith('application/json') === true)
    }), { numRuns: rounds(2000), endOnFailure: true, seed: seed(1_348_476_705) })
  t.ok((seen.get(200) ?? 0) > rounds(2000) / 20 && (seen.get(400) ?? 0) > rounds(2000) / 20, `the requests were not all nonsense: ${JSON.stringify([...seen])}`)
  const ping = await fetch(`${sandbox.url}/v1_1/demo/ping`, { headers: { authorization: basic } })
  t.equal(ping.status, 200)
})
