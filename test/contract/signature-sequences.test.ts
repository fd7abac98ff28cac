import fc from 'fast-check'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { rounds, seed } from '../support/rounds.ts'

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const KEY = '1234'
const BASIC = { authorization: `Basic ${btoa(`${KEY}:abcd`)}` }
const keyOf = (name: string): string => `sha256:${digestOf(name).toString('hex')}`

type Texts = Record<string, string>

/** Callers, and assets that they may not change. */
const CALLERS: Readonly<Record<string, { rules: object, foreign: readonly string[] }>> = {
  jailed: { rules: { folder: 'users/1' }, foreign: ['logo', 'a', 'users/2/a', 'brand/logo'] },
  placed: { rules: { sign: { public_id: ['users/1/*'] } }, foreign: ['logo', 'a', 'users/2/a', 'brand/logo'] },
  forced: { rules: { sign: { force: { folder: 'users/1' } } }, foreign: ['logo', 'a', 'users/2/a', 'brand/logo'] },
  brand: { rules: { delete: { protected: ['brand/**', 'logo'] } }, foreign: ['logo', 'brand/logo'] }
}
const ASSETS = ['logo', 'a', 'users/2/a', 'brand/logo', 'users/1/a']

const wishes = fc.record({
  public_id: fc.constantFrom('a', 'logo', 'users/1/a', 'users/1/logo', 'brand/logo', 'users/2/a', 'logo&tags=stolen&type=upload', 'users/1/a&timestamp=1900000000&type=upload'),
  folder: fc.constantFrom('users/1', 'users/1', 'brand', 'users/1/b'),
  context: fc.constant({ alt: 'x' }),
  tags: fc.constant(['stolen']),
  display_name: fc.constant('Shown'),
  asset_folder: fc.constantFrom('users/1', 'users/1/b'),
  eager: fc.constant(['w_10']),
  allowed_formats: fc.constant(['gif']),
  overwrite: fc.boolean(),
  unique_filename: fc.boolean(),
  use_filename: fc.boolean(),
  filename_override: fc.constantFrom('logo.gif', 'a.gif'),
  invalidate: fc.boolean(),
  type: fc.constant('upload'),
  source: fc.constant('uw')
}, { requiredKeys: [] })
/** What is most likely to be signed: a place that is the caller's, and something beside it. */
const likely = wishes.chain((wish) => fc.constantFrom({ folder: 'users/1', public_id: 'a' }, { folder: 'users/1', public_id: 'logo' }, { public_id: 'users/1/a' }, { folder: 'users/1' }, { public_id: 'brand/logo', overwrite: false })
  .map((place) => ({ ...wish, asset_folder: undefined, public_id: undefined, ...place })))

/** Methods that an attacker aims the form at, each with what it adds to it. */
const UPLOAD = ['image/upload', {}] as const
const AIMS: ReadonlyArray<readonly [path: string, aim: Texts]> = [
  UPLOAD,
  ['image/explicit', {}],
  ['image/explicit', { public_id: 'logo', type: 'upload' }],
  ['image/destroy', { public_id: 'logo' }],
  ['image/rename', { from_public_id: 'logo', to_public_id: 'gone' }],
  ['image/tags', { command: 'remove_all', public_ids: 'logo' }],
  ['resources/image/upload/logo', {}]
]

/** What keeps an upload where it belongs. */
const KEEPERS: ReadonlySet<string> = new Set(['folder', 'overwrite', 'public_id', 'unique_filename'])
/** Merged forms to try of one signature. */
const MOST_MERGED = 12

/** Forms whose text to sign is the same in version 1: neighbours in it are taken as the value of the one before. */
function merged (form: Texts, pick: number): Texts[] {
  const names = Object.keys(form).sort()
  const all = names.flatMap((name, start) => names.slice(start + 1).flatMap((last, count) => {
    const hidden = names.slice(start + 1, start + 2 + count)
    if (!KEEPERS.has(last) || hidden.includes('timestamp')) return []
    const rest = Object.entries(form).filter(([each]) => !hidden.includes(each))
    return [{ ...Object.fromEntries(rest), [name]: [form[name], ...hidden.map((each) => `${each}=${form[each]}`)].join('&') }]
  }))
  return [...all, ...all].slice(pick % (all.length || 1)).slice(0, Math.min(MOST_MERGED, all.length))
}

/** The other way round: what stands behind an `&` in a value is taken as parameters of their own. */
function parted (form: Texts): Texts {
  return Object.fromEntries(Object.entries(form).flatMap(([name, value]) => `${name}=${value}`.split('&').map((pair) => {
    const [each = '', ...rest] = pair.split('=')
    return [each, rest.join('=')]
  })))
}

t.test('random sequences of signatures, issued by the gateway and answered by Cloudinary, change no asset that their caller may not upload', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const callers = Object.fromEntries(Object.entries(CALLERS).map(([name, { rules }]) => [name, { keys: [keyOf(name)], ...rules }]))
  const environments = [environmentAt(sandbox.url, { name: 'two' }), environmentAt(sandbox.url, { name: 'one', signatureVersion: 1 })]
  const app = await buildApp({ config: testConfig(environments, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.json': JSON.stringify({ callers }) })}/policy.json` } }) })
  t.teardown(() => app.close())
  for (const id of ASSETS) await sandbox.add(id, { tags: 'kept', context: { alt: 'kept' } })

  const state = async (ids: readonly string[]): Promise<string> => {
    const answers = ids.map(async (id) => (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/${id}`, { headers: BASIC })).text())
    return (await Promise.all(answers)).join('\n')
  }
  const call = async (path: string, form: Texts, file?: string): Promise<Texts | undefined> => {
    const body = new FormData()
    for (const [name, value] of Object.entries(form)) body.append(name, value)
    if (file !== undefined) body.append('file', new Blob([GIF]), file)
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', body })
    return answer.ok ? await answer.json() as Texts : undefined // an upload answer, or what looks like one
  }
  const counts = { signed: 0, uploaded: 0, tried: 0 }
  const run = fc.record({
    caller: fc.constantFrom(...Object.keys(CALLERS)),
    environment: fc.constantFrom('one', 'two'),
    wish: fc.oneof(wishes, { weight: 2, arbitrary: likely }),
    exact: fc.boolean(),
    file: fc.constantFrom('logo.gif', 'a.gif', 'b.gif'),
    pick: fc.nat()
  })

  /** All that can be tried with one signature over a form. */
  const attack = async (form: Texts, signature: string, { file, pick }: { file: string, pick: number }): Promise<Texts[]> => {
    const answers: Texts[] = []
    const send = async (each: Texts, [path, aim]: (typeof AIMS)[number]): Promise<void> => {
      counts.tried++
      const answer = await call(path, { ...each, ...aim, api_key: KEY, signature }, path === 'image/upload' ? file : undefined)
      if (answer?.['signature'] !== undefined) answers.push(answer)
    }
    const forms = [form, ...Object.values(form).some((value) => value.includes('&')) ? [parted(form)] : []]
    for (const each of forms) for (const aim of AIMS) await send(each, aim)
    for (const each of merged(form, pick)) await send(each, UPLOAD)
    return answers
  }

  await fc.assert(fc.asyncProperty(run, async ({ caller, environment, wish, exact, ...choice }) => {
    const foreign = CALLERS[caller]?.foreign ?? []
    const before = await state(foreign)
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))
    const payload = exact ? { paramsToSign: { ...given, context: 'alt=x', timestamp: Math.floor(Date.now() / 1000) } } : given
    const answer = await app.inject({ method: 'POST', url: '/signature', headers: { authorization: `Bearer ${caller}`, 'x-environment': environment }, payload })
    if (answer.statusCode !== 200) return // refused: there is nothing to try
    counts.signed++
    const { fields: { api_key: _, signature = '', ...form } } = answer.json<{ fields: Texts }>()
    const answers = await attack(form, signature, choice)
    counts.uploaded += answers.length
    for (const { public_id: publicId = '', version = '', signature: own = '' } of answers.slice(0, 2)) {
      await attack({ public_id: publicId, version: String(version) }, own, choice)
    }
    if (await state(foreign) !== before) throw new Error(`changed with the signature of ${JSON.stringify(form)}`)
  }), { numRuns: rounds(100), seed: seed(20_261_201), endOnFailure: true })
  t.ok(counts.signed > 0 && counts.uploaded > 0, JSON.stringify(counts))
})
