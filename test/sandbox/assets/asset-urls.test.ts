import t, { type Test } from 'tap'
import { startSandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

/** Both addresses wherever an answer shows them. */
async function everyPair (t: Test, options: SandboxOptions) {
  const sandbox = await startSandbox(options)
  t.teardown(() => sandbox.close())
  const ask = async (path: string, form?: Record<string, string>): Promise<unknown> => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: BASIC, ...form && { method: 'POST', body: new URLSearchParams(form) } })
    return answer.json()
  }
  const answers = [
    await ask('image/upload', { file: PIXEL, public_id: 'x', eager: 'c_scale,w_2', responsive_breakpoints: '{"create_derived":false}' }),
    await ask('image/explicit', { public_id: 'x', type: 'upload', eager: 'c_scale,w_3', eager_async: 'true' }),
    await ask('resources/image'),
    await ask('resources/image/upload/x'),
    await ask('resources/search'),
    await ask('image/rename', { from_public_id: 'x', to_public_id: 'y' })
  ]
  const pairs: { url: string, secure: string }[] = []
  JSON.stringify(answers, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'secure_url' in value && 'url' in value) pairs.push({ url: String(value.url), secure: String(value.secure_url) })
    return value
  })
  t.ok(pairs.length >= 9, `${pairs.length} pairs`)
  return { sandbox, pairs }
}

t.test('over plain http both addresses are http, and both open', async (t) => {
  const { sandbox, pairs } = await everyPair(t, {})
  for (const { url, secure } of pairs) {
    t.ok(url.startsWith(sandbox.url))
    t.equal(secure, url)
  }
  const latest = pairs.at(-1)?.secure ?? ''
  t.equal((await fetch(latest)).status, 200)
})

t.test('--strict-urls: url is http and secure_url https, at the same place', async (t) => {
  const { sandbox, pairs } = await everyPair(t, { strictUrls: true })
  for (const { url, secure } of pairs) {
    t.ok(url.startsWith(sandbox.url), url)
    t.equal(secure, url.replace(/^http:/, 'https:'))
  }
})

t.test('reached by https: the same, at the public address', async (t) => {
  const { pairs } = await everyPair(t, { publicUrl: 'https://media.example' })
  for (const { url, secure } of pairs) {
    t.ok(url.startsWith('http://media.example/'), url)
    t.equal(secure, url.replace(/^http:/, 'https:'))
  }
})
