/**
 * A walk through the nine actions with a real picture: `npm run tour`.
 * Uses the gateway at GATEWAY_URL, or starts one with a sandbox of its own. Prints for each step the curl line that does
 * the same and a short answer; ends non-zero when a step is not what it should be.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { startSandbox } from '../src/sandbox/index.ts'
import { environmentAt, testConfig } from './support/gateway.ts'

const PICTURE = join(import.meta.dirname, 'fixtures', 'landscape.jpg')
const PUBLIC_ID = `tour/${Date.now().toString(36)}`
const DIRECT_ID = `${PUBLIC_ID}-direct`

interface Started { url: string, close: () => Promise<unknown> }
type Json = Record<string, unknown>

async function startOwn (): Promise<Started> {
  const sandbox = await startSandbox({})
  const app = await buildApp({ config: testConfig([environmentAt(sandbox.url)]) })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: async () => { await app.close(); await sandbox.close() } }
}

class Tour {
  readonly #url: string
  failures = 0
  constructor (url: string) { this.#url = url }

  /** One step: prints what it does, calls, checks. Answers the JSON, `{}` when there is none. */
  async step (title: string, curl: string, path: string, init: RequestInit, check: (answer: Json) => unknown): Promise<Json> {
    const response = await fetch(`${this.#url}${path}`, { ...init, redirect: 'manual', signal: AbortSignal.timeout(30_000) })
    const answer = await response.json().catch(() => ({})) as Json // a problem document or an answer: an object either way
    const right = response.ok && Boolean(check(answer))
    if (!right) this.failures++
    console.log(`${right ? 'ok  ' : 'FAIL'} ${title}\n     curl ${curl.replaceAll('$GATEWAY', this.#url)}\n     ${response.status} ${JSON.stringify(answer).slice(0, 160)}\n`)
    return answer
  }

  /** Fetches a link that a step answered, as a browser would. */
  async follow (title: string, link: unknown): Promise<void> {
    const response = await fetch(String(link), { signal: AbortSignal.timeout(30_000) })
    const { byteLength } = await response.arrayBuffer()
    if (!response.ok || byteLength === 0) this.failures++
    console.log(`${response.ok ? 'ok  ' : 'FAIL'} ${title}\n     ${response.status} ${response.headers.get('content-type') ?? ''} ${byteLength} bytes\n`)
  }
}

function form (fields: Json, file: Buffer): FormData {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, String(value))
  body.append('file', new Blob([new Uint8Array(file)], { type: 'image/jpeg' }), 'landscape.jpg')
  return body
}

function json (value: Json): RequestInit {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

async function walk (tour: Tour): Promise<void> {
  const picture = readFileSync(PICTURE)
  await tour.step('1 Upload Resource', `-F file=@test/fixtures/landscape.jpg -F public_id=${PUBLIC_ID} -F tags=tour $GATEWAY/upload`, '/upload',
    { method: 'POST', body: form({ public_id: PUBLIC_ID, tags: 'tour' }, picture) }, (answer) => answer['public_id'] === PUBLIC_ID && answer['bytes'] === picture.length)
  const { url } = await tour.step('2 Get URL', `'$GATEWAY/url?public_id=${PUBLIC_ID}&width=200&crop=fill&height=200&format=png'`,
    `/url?public_id=${PUBLIC_ID}&width=200&crop=fill&height=200&format=png`, {}, (answer) => String(answer['url']).includes('/c_fill,h_200,w_200/'))
  await tour.follow('  the picture behind it', url)
  await tour.step('3 Get All Resources', '\'$GATEWAY/resources?prefix=tour/&tags=true\'', '/resources?prefix=tour/&tags=true', {},
    ({ resources }) => Array.isArray(resources) && resources.some((asset: Json) => asset['public_id'] === PUBLIC_ID))
  await tour.step('4 Get Resource by ID', `$GATEWAY/resources/${PUBLIC_ID}`, `/resources/${PUBLIC_ID}`, {}, (answer) => answer['width'] === 640 && answer['format'] === 'jpg')
  await tour.step('5 Update Resource', `-X PATCH -H 'content-type: application/json' -d '{"tags":["tour","seen"],"context":{"alt":"Hills"}}' $GATEWAY/resources/${PUBLIC_ID}`,
    `/resources/${PUBLIC_ID}`, { method: 'PATCH', ...json({ tags: ['tour', 'seen'], context: { alt: 'Hills' } }) }, ({ tags }) => JSON.stringify(tags) === '["seen","tour"]' || JSON.stringify(tags) === '["tour","seen"]')
  await tour.step('6 Delete Resource', `-X DELETE $GATEWAY/resources/${PUBLIC_ID}`, `/resources/${PUBLIC_ID}`, { method: 'DELETE' }, ({ result }) => result === 'ok')
  const signed = await tour.step('8 Generate signature for upload', `-H 'content-type: application/json' -d '{"public_id":"${DIRECT_ID}","type":"private"}' $GATEWAY/signature`,
    '/signature', { method: 'POST', ...json({ public_id: DIRECT_ID, type: 'private' }) }, ({ signature }) => /^[0-9a-f]{40,64}$/.test(String(signature)))
  const fields = signed['fields'] as Json // the step above has shown that this is the signature's answer
  const flags = Object.entries(fields ?? {}).map(([name, value]) => `-F ${name}=${String(value)}`).join(' ')
  await tour.step('9 Direct Upload file using signature', `${flags} -F file=@test/fixtures/landscape.jpg $GATEWAY/direct-upload`, '/direct-upload',
    { method: 'POST', body: form(fields ?? {}, picture) }, (answer) => answer['public_id'] === DIRECT_ID && answer['type'] === 'private')
  const link = await tour.step('7 Get Signed URL', `'$GATEWAY/signed-url?public_id=${DIRECT_ID}&format=jpg'`, `/signed-url?public_id=${DIRECT_ID}&format=jpg`, {}, ({ url }) => String(url).includes('signature='))
  await tour.follow('  the private file behind it', link['url'])
  await tour.step('  and tidying up', `-X DELETE '$GATEWAY/resources/${DIRECT_ID}?type=private'`, `/resources/${DIRECT_ID}?type=private`, { method: 'DELETE' }, ({ result }) => result === 'ok')
}

const given = process.env['GATEWAY_URL']
const gateway = given ? { url: given.replace(/\/$/, ''), close: async () => {} } : await startOwn()
const tour = new Tour(gateway.url)
try {
  await walk(tour)
} finally {
  await gateway.close()
}
console.log(tour.failures === 0 ? 'All nine actions work.' : `${tour.failures} steps failed.`)
process.exitCode = tour.failures === 0 ? 0 : 1
