import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { rounds } from '../support/rounds.ts'

const CLOUD = 'shared'
const KEY = 'contract-key'
/** Of these, every fiftieth comes with a reload; on each side each kind of request has its part. */
const COUNT = Math.ceil(rounds(1_000) / 200) * 200
const withKey = (environment: string) => ({ authorization: `Bearer ${KEY}`, 'x-environment': environment })
const policyText = (round: number) => `callers: { all: { keys: ['sha256:${digestOf(KEY).toString('hex')}'] }, caller${round}: { keys: ['sha256:${digestOf(`caller ${round}`).toString('hex')}'] } }`

interface Side { name: string, apiKey: string, apiSecret: string, sandbox: Sandbox }

/** Two accounts whose clouds have one name; each knows its own key alone, so that a mix-up is refused and seen. */
async function startSides (t: Test): Promise<Side[]> {
  return Promise.all(['left', 'right'].map(async (name) => {
    const [apiKey, apiSecret] = [`key-of-${name}`, `secret-of-${name}`]
    const sandbox = await startSandbox({ clouds: [{ cloudName: CLOUD, apiKey, apiSecret }] })
    t.teardown(() => sandbox.close())
    await sandbox.add('both')
    await sandbox.add(`only-${name}`)
    return { name, apiKey, apiSecret, sandbox }
  }))
}

/** The environment of a side. `round` changes what does no harm, so that a reload makes a new client. */
const environmentOf = ({ name, apiKey, apiSecret, sandbox }: Side, round = 0) =>
  environmentAt(sandbox.url, { name, cloudName: CLOUD, apiKey, apiSecret: new Secret(apiSecret), delivery: { ...environmentAt(sandbox.url).delivery, cname: `round${round}.example.com` } })

/** Runs so many at a time, in the order of their numbers. */
async function interleaved (count: number, width: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) await one(next++)
  }))
}

/** Cloudinary's rule, written once more: a stranger to the code under test. */
const signedWith = (fields: Readonly<Record<string, string>>, secret: string): string => createHash('sha1').update(
  Object.entries(fields).filter(([name]) => name !== 'api_key' && name !== 'signature').map(([name, value]) => `${name}=${value.replaceAll('&', '%26')}`).sort().join('&') + secret
).digest('hex')

t.test('A26: interleaved requests to two environments of one cloud name, while credentials and policy reload: each goes to its own, with its own key', async (t) => {
  const sides = await startSides(t)
  const policyFile = join(t.testdir({ 'policy.yaml': policyText(0) }), 'policy.yaml')
  const app = await buildApp({ config: testConfig(sides.map((side) => environmentOf(side)), { auth: { mode: 'keys', keys: [], policyFile } }) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const before = new Map(sides.map(({ name, sandbox }) => [name, sandbox.requests.length]))
  const wrong: unknown[] = []
  let reloads = 0

  /** What one request of each kind must come to. */
  const kinds: Array<(side: Side, index: number) => Promise<boolean>> = [
    async ({ name }, index) => {
      // A number of its own, because equal reads at the same time are one request.
      const { resources } = await (await fetch(`${url}/resources?prefix=only-&max_results=${1 + index % 500}`, { headers: withKey(name) })).json() as { resources: Array<{ public_id: string }> } // the sandbox's answer
      return resources.length === 1 && resources[0]?.public_id === `only-${name}`
    },
    async ({ name }, index) => {
      const other = name === 'left' ? 'right' : 'left'
      const [own, foreign] = await Promise.all([`only-${name}`, `only-${other}`].map((id) => fetch(`${url}/resources/${id}?max_results=${1 + index % 500}`, { headers: withKey(name) })))
      await Promise.all([own, foreign].map((answer) => answer?.arrayBuffer()))
      return own?.status === 200 && foreign?.status === 404
    },
    async ({ name, apiKey, apiSecret }, index) => {
      const answer = await fetch(`${url}/signature`, { method: 'POST', headers: { ...withKey(name), 'content-type': 'application/json' }, body: JSON.stringify({ public_id: `s${index}`, tags: [name] }) })
      const { api_key: key, signature, fields } = await answer.json() as { api_key: string, signature: string, fields: Record<string, string> } // the gateway's contract
      return key === apiKey && signature === signedWith(fields, apiSecret)
    },
    async ({ name, sandbox }, index) => {
      const answer = await fetch(`${url}/upload?resource_type=raw&public_id=${name}-${index}.txt`, { method: 'POST', headers: { ...withKey(name), 'content-type': 'text/plain; charset=x' }, body: `${name} ${index}` })
      const { secure_url: stored, public_id: id } = await answer.json() as { secure_url: string, public_id: string } // the sandbox's answer
      return id === `${name}-${index}.txt` && stored.includes(new URL(sandbox.url).port)
    }
  ]
  await interleaved(COUNT, 16, async (index) => {
    if (index % 50 === 25) {
      const round = ++reloads
      if (app.cloudinary.replace(sides.map((side) => environmentOf(side, round))).length !== 2) wrong.push(`reload ${round} changed nothing`)
      await writeFile(policyFile, policyText(round))
      await app.reloadPolicy()
    }
    // Neighbours go to different sides; kinds follow each other on each of them.
    const side = sides[index % 2]
    const kind = kinds[Math.floor(index / 2) % kinds.length]
    try {
      if (!side || !kind || !await kind(side, index)) wrong.push(`${index} on ${side?.name}`)
    } catch (error) {
      wrong.push(error)
    }
  })

  t.same(wrong, [], 'every request was answered, by its own environment')
  t.equal(reloads, COUNT / 50)
  for (const { name, apiKey, sandbox } of sides) {
    const seen = sandbox.requests.slice(before.get(name))
    t.ok(seen.length >= COUNT / 2, `${name} saw ${seen.length} requests`)
    t.same(seen.filter(({ status }) => status === 401 || status === 403), [], `${name} refused no key`)
    t.same(seen.filter(({ fields }) => fields['api_key'] !== undefined && fields['api_key'] !== apiKey), [], `${name} saw its own key alone`)
    const stored = seen.map(({ fields }) => fields['public_id']).filter((id) => id?.endsWith('.txt'))
    t.equal(stored.length, COUNT / 2 / kinds.length)
    t.ok(stored.every((id) => id?.startsWith(`${name}-`)), `${name} got its own files alone`)
  }
})

t.test('S12: a secret that changes while signatures are made: each is valid under exactly one of the two', async (t) => {
  const SECRETS = ['the-one-before', 'the-one-after']
  const environment = (apiSecret: string) => environmentAt('http://127.0.0.1:9', { apiSecret: new Secret(apiSecret) })
  const app = await buildApp({ config: testConfig([environment(SECRETS[0] ?? '')]) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const fits: number[] = []
  await interleaved(COUNT, 16, async (index) => {
    if (index % 100 === 50) app.cloudinary.replace([environment(SECRETS[Math.floor(index / 100 + 1) % 2] ?? '')])
    const answer = await fetch(`${url}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ public_id: `a&b${index}`, context: { n: String(index) } }) })
    const { signature, fields } = await answer.json() as { signature: string, fields: Record<string, string> } // the gateway's contract
    const valid = SECRETS.map((secret) => signature === signedWith(fields, secret))
    if (valid.filter(Boolean).length !== 1) t.fail(`request ${index} fits ${valid}`)
    fits.push(valid.indexOf(true))
  })
  t.equal(fits.length, COUNT)
  for (const which of [0, 1]) t.ok(fits.filter((one) => one === which).length > 0.3 * COUNT, `secret ${which} was used`)
})
