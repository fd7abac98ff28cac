import fastify from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import { ANYBODY, DIRECT_UPLOADER } from '../../../src/auth/callers/authenticator.ts'
import type { Caller } from '../../../src/auth/policy/caller.ts'
import { EVERYTHING } from '../../../src/auth/policy/permissions.ts'
import { budgetOf } from '../../../src/cloudinary/upload/budget.ts'
import environmentChoice from '../../../src/plugins/access/environment-choice.ts'
import uploadPlaces from '../../../src/plugins/access/upload-places.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import requestLife from '../../../src/plugins/http/request-life.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

const WEB: Caller = { name: 'web', permissions: { ...EVERYTHING, signing: { maxBytes: 10 } as never } } // no other rule is read
const CALLERS: Readonly<Record<string, Caller>> = {
  web: WEB, token: { ...WEB, name: 'visitors/1', scope: 'token:1' }, stranger: DIRECT_UPLOADER, anybody: ANYBODY
}

interface Setting { readonly names?: readonly string[], readonly isLocal?: boolean, readonly several?: boolean }

async function start (t: Test, { names = ['staging', 'production'], isLocal = false, several = true }: Setting = {}) {
  const { upstream, upload } = testConfig([], { upload: { maxConcurrent: 8 } })
  const environments = names.map((name) => environmentAt('http://127.0.0.1:9', { name }))
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(requestLife)
  await app.register(errorHandler, { docs: '/e' })
  await app.register(cloudinary, { environments, defaultEnvironment: names[0] ?? '', client: { upstream, upload } })
  await app.register(fp(async (scope) => {
    scope.decorate('hasSeveralCallers', () => several)
    scope.decorateRequest('caller')
    scope.addHook('onRequest', async (request) => { request.caller = CALLERS[String(request.headers['x-caller'])] ?? ANYBODY })
  }, { name: 'authentication' }))
  await app.register(environmentChoice)
  await app.register(uploadPlaces, { isLocal })
  const budget = budgetOf(upload)
  const told = (): object => ({ running: budget.running, unproven: budget.unproven })
  app.get('/upload', async (request) => {
    await request.admitUpload(request.headers['x-size'] === undefined ? undefined : { bytes: 11, exact: true })
    return { owner: request.uploadOwner, ...told() }
  })
  app.get('/direct', async (request) => {
    await request.admitUnproven(undefined)
    const before = { owner: request.uploadOwner, ...told() }
    if (request.headers['x-late'] === undefined) await request.admitProven({ signature: 'ab' })
    for (let times = 0; times < 2; times++) request.admitLate({ signature: 'ab' })
    return { before, owner: request.uploadOwner, ...told() }
  })
  const ask = async (url: string, headers = {}, remoteAddress = '192.0.2.1') => (await app.inject({ url, headers, remoteAddress })).json() as unknown
  return { ask, budget }
}

t.test('whose shares an upload takes from', async (t) => {
  const { ask, budget } = await start(t)
  const owner = async (caller: string, address?: string): Promise<unknown> => ask('/upload', { 'x-caller': caller }, address)
  t.same(await owner('web'), { owner: { environment: 'staging', caller: 'web' }, running: 1, unproven: 0 })
  t.match(await owner('token'), { owner: { environment: 'staging', caller: 'token:1' } })
  t.match(await owner('stranger'), { owner: { environment: 'staging', address: '192.0.2.1' } })
  t.match(await owner('anybody', '2001:db8::1'), { owner: { environment: 'staging', address: '2001:db8:0:0::/64' } })
  t.match(await owner('anybody', '127.0.0.1'), { owner: { address: '127.0.0.1' } })
  t.match(await ask('/upload', { 'x-caller': 'web', 'x-size': '11' }), { status: 413 }, 'a limit of the caller\'s own')
  t.equal(budget.running, 0, 'each gave its place back')
})

t.test('who is alone of its kind has the whole: the environment, the caller, the machine', async (t) => {
  const { ask } = await start(t, { names: ['production'], several: false, isLocal: true })
  const owner = async (caller: string, address = '127.0.0.1'): Promise<unknown> => ask('/upload', { 'x-caller': caller }, address)
  t.match(await owner('web'), { owner: { environment: undefined, caller: undefined } })
  t.match(await owner('anybody'), { owner: { environment: undefined, address: undefined } })
  t.match(await owner('anybody', '::ffff:127.0.0.1'), { owner: { address: undefined } })
  t.match(await owner('anybody', '192.0.2.1'), { owner: { address: '192.0.2.1' } }, 'behind a proxy that is trusted')
  t.match(await owner('stranger'), { owner: { address: '127.0.0.1' } }, 'others have keys')
})

t.test('a direct upload exchanges its first place once it is proven', async (t) => {
  const { ask, budget } = await start(t)
  for (const order of [{}, { 'x-late': 'yes' }]) {
    t.same(await ask('/direct', { 'x-caller': 'stranger', ...order }), {
      before: { running: 0, unproven: 1 },
      owner: { environment: 'staging', address: '192.0.2.1', signature: 'ab' },
      running: 1,
      unproven: 0
    })
  }
  t.same([budget.running, budget.unproven], [0, 0])
})

t.test('before its proof it is counted by the environment that it asks for, as one that exists', async (t) => {
  const { ask, budget } = await start(t)
  for (const address of ['a', 'b', 'c']) await budget.admitUnproven({ environment: 'absent', address })
  const full = { status: 503, code: 'overloaded', share: 'environment' }
  t.match(await ask('/direct', { 'x-caller': 'stranger', 'x-environment': 'absent' }), full)
  t.match(await ask('/direct', { 'x-caller': 'stranger' }), { running: 1 })
})
