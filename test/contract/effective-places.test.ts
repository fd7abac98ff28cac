import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { flag, namingParameters } from '../support/naming.ts'
import { rounds, seed } from '../support/rounds.ts'

const SEED = seed(20_261_130)
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const CLOUDS = [{ cloudName: 'dynamic', apiKey: '1', apiSecret: 'one' }, { cloudName: 'fixed', apiKey: '2', apiSecret: 'two', folderMode: 'fixed' }] as const
const SCRIPTS = new Set(['eval', 'on_success'])

interface Rules {
  folder?: string
  delete?: { protected: string[] }
  sign?: { allow?: string[], folder?: string[], public_id?: string[], force?: { folder: string } }
}
type Texts = Record<string, string>
type Stored = { public_id: string, asset_folder?: string, overwritten?: boolean }

const some = (...patterns: string[]) => fc.subarray(patterns, { minLength: 1 })
const rulesOfCallers: fc.Arbitrary<Rules> = fc.record({
  folder: fc.constant('users/1'),
  delete: fc.record({ protected: some('brand/**', 'logo', 'users/1/a') }),
  sign: fc.record({
    // Whatever moves an asset may be sent, so that it is the place which is judged.
    allow: fc.constant(SIGNABLE_PARAMETER_NAMES.filter((name) => !SCRIPTS.has(name))),
    folder: some('users/1', 'users/1/*', 'users/**', 'brand'),
    public_id: some('users/1/*', 'users/**', 'logo', '*', 'users/*/a*', 'brand/logo'),
    force: fc.constant({ folder: 'users/1' })
  }, { requiredKeys: ['allow'] })
}, { requiredKeys: [] })

const place = fc.constantFrom('users/1', 'users/1/a', 'users', 'users/2', 'brand', 'victim', 'logo', 'a', '1', 'users/1/b c', 'users/1/%2e%2e', 'users/1/e\u0301', 'users/10/a')
const fileName = fc.constantFrom('a.gif', 'logo.gif', 'logo', 'users', 'brand.gif', '../victim.gif', 'b/c.gif', 'my pic.gif', '%2e%2e.gif', '\u00e9.gif', 'x&tags=y.gif')
const wild = fc.record({
  ...namingParameters(place, fileName),
  upload_preset: fc.constantFrom('mover', 'prefixer'),
  display_name: fc.constantFrom('victim', 'logo'),
  use_filename_as_display_name: flag,
  overwrite: flag
}, { requiredKeys: [] })
const tame = fc.record({
  folder: fc.constantFrom('users/1', 'users/1/b', 'brand'),
  public_id: fc.constantFrom('a', 'ab', 'users/1/a', 'logo'),
  asset_folder: fc.constantFrom('users/1', 'users/1/b'),
  use_filename: flag,
  unique_filename: flag,
  filename_override: fc.constantFrom('a.gif', 'logo.gif'),
  overwrite: flag
}, { requiredKeys: [] })
const WAYS = ['multipart', 'bytes', 'data URI', 'remote', 'urlencoded', 'signed', 'signed, by the gateway', 'widget'] as const

/** A second opinion on patterns, which shares nothing with the first. */
function fits (patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => new RegExp(`^${pattern.split('**').map((part) => part.split('*').join('[^/]+')).join('.+')}$`).test(name))
}

const below = (folder: string, name: string): boolean => name.startsWith(`${folder}/`) && !/(^|\/)\.{0,2}(\/|$)/.test(name)

/** What is wrong with an asset that was stored for a caller of these rules. */
function breach ({ folder, delete: deletion, sign = {} }: Rules, { public_id: id, overwritten = false }: Stored): string | undefined {
  if (folder !== undefined && !below(folder, id)) return `outside ${folder}`
  if (sign.force && !below(sign.force.folder, id)) return `outside the forced ${sign.force.folder}`
  if (sign.folder && !fits(sign.folder, id.split('/').slice(0, -1).join('/'))) return `its folder is none of ${sign.folder.join(', ')}`
  if (sign.public_id && !fits(sign.public_id, id)) return `is none of ${sign.public_id.join(', ')}`
  return deletion && overwritten && fits(deletion.protected, id) ? 'was protected, and replaced' : undefined
}

t.test('whatever the policy and however the file is named: the public ID that is stored satisfies the policy, or nothing is stored', async (t) => {
  const sandbox = await startSandbox({ clouds: CLOUDS, allowPrivateFetch: true })
  t.teardown(() => sandbox.close())
  const elsewhere = createServer((_request, response) => { response.setHeader('content-disposition', 'attachment; filename="victim.gif"').end(GIF) })
  await new Promise<void>((resolve) => { elsewhere.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => elsewhere.close())
  const remote = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/files/` // a TCP server has a port
  for (const { cloudName, apiKey, apiSecret } of CLOUDS) {
    for (const preset of [{ name: 'mover', folder: 'victim', use_filename: true, unique_filename: false }, { name: 'prefixer', public_id_prefix: 'victim', folder: 'victim' }]) {
      const answer = await fetch(`${sandbox.url}/v1_1/${cloudName}/upload_presets`, {
        method: 'POST', headers: { authorization: `Basic ${btoa(`${apiKey}:${apiSecret}`)}`, 'content-type': 'application/json' }, body: JSON.stringify(preset)
      })
      t.equal(answer.status, 200)
    }
    for (const id of ['brand/logo', 'logo', 'users/1/a']) await sandbox.add(id, { cloudName })
  }

  const callers = fc.sample(rulesOfCallers, { numRuns: 40, seed: SEED })
  const policy = { callers: Object.fromEntries(callers.map((rules, index) => [`c${index}`, { keys: [`sha256:${digestOf(`c${index}`).toString('hex')}`], ...rules }])) }
  const environments = CLOUDS.map(({ cloudName, apiKey, apiSecret }) => environmentAt(sandbox.url, { name: cloudName, cloudName, apiKey, apiSecret: new Secret(apiSecret) }))
  const app = await buildApp({ config: testConfig(environments, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.json': JSON.stringify(policy) })}/policy.json` } }) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  const formOf = (fields: Readonly<Texts>, name: string): FormData => {
    const form = new FormData()
    for (const [field, value] of Object.entries(fields)) form.append(field, value)
    form.append('file', new Blob([GIF]), name)
    return form
  }
  const post = async (path: string, body: NonNullable<RequestInit['body']>, headers: Texts) => fetch(path.startsWith('http') ? path : url + path, { method: 'POST', headers, body })
  const json = async (path: string, fields: object, headers: Texts) => post(path, JSON.stringify(fields), { ...headers, 'content-type': 'application/json' })
  const uri = `data:image/gif;base64,${GIF.toString('base64')}`

  /** Sends the file in one of the ways there are, and gives back the last answer. */
  const send = async (way: (typeof WAYS)[number], fields: Texts, name: string, headers: Texts): Promise<Response> => {
    if (way === 'multipart') return post('/upload', formOf(fields, name), headers)
    if (way === 'bytes') return post(`/upload?${new URLSearchParams(fields).toString()}`, GIF, { ...headers, 'content-type': 'image/gif' })
    if (way === 'data URI') return json('/upload', { ...fields, file: uri }, headers)
    if (way === 'remote') return json('/upload', { ...fields, file: `${remote}${encodeURIComponent(name)}` }, headers)
    if (way === 'urlencoded') return post('/upload', new URLSearchParams({ ...fields, file: uri }), headers)
    const isWidget = way === 'widget'
    const signed = await json('/signature', isWidget ? { paramsToSign: { ...fields, source: 'uw', timestamp: Math.floor(Date.now() / 1000) } } : fields, headers)
    if (!signed.ok) return signed
    const { fields: form, upload_url: target } = await signed.json() as { fields: Texts, upload_url: string } // as documented
    return way === 'signed, by the gateway'
      ? post('/direct-upload', formOf(form, name), { 'x-environment': headers['x-environment'] ?? '' })
      : post(target, formOf(form, name), {})
  }

  const outcomes = new Map<string, number>()
  const count = (outcome: string): void => { outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1) }
  const run = fc.record({
    caller: fc.nat(callers.length - 1),
    cloud: fc.constantFrom(...CLOUDS.map(({ cloudName }) => cloudName)),
    way: fc.constantFrom(...WAYS),
    fields: fc.oneof(wild, { weight: 2, arbitrary: tame }),
    name: fileName
  })
  await fc.assert(fc.asyncProperty(run, async ({ caller, cloud, way, fields, name }) => {
    const before = sandbox.requests.length
    const answer = await send(way, fields as Texts, name, { authorization: `Bearer c${caller}`, 'x-environment': cloud })
    const body = await answer.json() as Stored
    count(answer.ok ? `stored: ${way}` : 'refused')
    if (answer.ok) {
      const wrong = breach(callers[caller] ?? {}, body)
      if (wrong !== undefined) throw new Error(`"${body.public_id}" ${wrong}: ${JSON.stringify(callers[caller])}`)
      return
    }
    const stored = sandbox.requests.slice(before).filter(({ status = 0 }) => status < 400)
    if (stored.length > 0) throw new Error(`${answer.status} ${JSON.stringify(body)}, but something was stored`)
  }), { numRuns: rounds(1_000), seed: SEED })
  for (const way of WAYS) t.ok((outcomes.get(`stored: ${way}`) ?? 0) > 0 || rounds(1_000) < 1_000, `something was stored: ${way}`)
  t.ok((outcomes.get('refused') ?? 0) > 0, JSON.stringify([...outcomes]))
})
