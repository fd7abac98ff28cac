import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { environmentAt, startGatewayAt } from '../../support/gateway.ts'
import { startRuledGateway } from '../../support/ruled-gateway.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const token = (claims: Record<string, unknown>, expires = '1h'): Promise<string> => new SignJWT(claims)
  .setProtectedHeader({ alg: 'ES256' }).setIssuer('idp').setAudience('gateway').setExpirationTime(expires).sign(privateKey)

t.test('GET /signature/rules', async (t) => {
  const { ask, app, sandbox } = await startRuledGateway(t, {
    web: {
      environments: ['production'], sign: { formats: ['jpg'], max_bytes: 1000, force: { folder: 'incoming' } }
    },
    other: { sign: { presets: ['secret_preset'], force: { folder: 'of-other' } } },
    reader: { actions: ['getUrl'] },
    looks: { read_only: true },
    members: {
      jwt: { claims: { role: 'member' } }, folder: 'users/{sub}', sign: { force: { tags: 'member-{sub}' } }
    }
  }, {
    environments: ['production', 'staging'].map((name) => environmentAt('http://127.0.0.1:9', {
      name, cloudName: `cloud-${name}`
    })),
    auth: {
      keys: [{ caller: 'unruled', digest: digestOf('unruled') }],
      jwtPublicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string, // PEM is text
      issuer: 'idp',
      audience: 'gateway'
    }
  })
  const rules = (caller: string, query = '') => ask(caller, 'GET', `/signature/rules${query}`)

  t.test('200: the rules of this caller and nothing of others', async (t) => {
    const { status, headers, body } = await rules('web')
    t.match({ status, headers }, { status: 200, headers: { 'cache-control': 'no-store' } })
    t.match(body, {
      environment: 'production',
      cloud_name: 'cloud-production',
      allowed: true,
      formats: ['jpg'],
      max_bytes: 1000,
      folder: { forced: 'incoming' }
    })
    t.notMatch(JSON.stringify(body), /secret_preset|of-other|abcd|sha256/)
    t.match((await rules('other', '?environment=staging')).body, {
      environment: 'staging', cloud_name: 'cloud-staging', presets: ['secret_preset']
    })
  })

  t.test('200: a token sees its own claims filled in', async (t) => {
    const one = await rules(await token({ sub: '42', role: 'member' }))
    t.match(one.body, {
      allowed: true,
      folder: { patterns: ['users/42', 'users/42/**'] },
      fields: { forced: { tags: 'member-42' } }
    })
    const two = await rules(await token({ sub: '43', role: 'member' }))
    t.notMatch(JSON.stringify(two.body), /42/)
  })

  t.test('200: a caller that may sign nothing is told so, and why', async (t) => {
    for (const [caller, why] of [['reader', /may not do generateSignature/], [
      'looks', /may only read/
    ]] as const) {
      t.match(await rules(caller), { status: 200, body: { allowed: false, reason: why } })
      t.match(await ask(caller, 'POST', '/signature', {}), { status: 403 }, 'and signs nothing')
      t.match(
        await ask(caller, 'POST', '/signature/batch', { files: [{ name: 'a', size: 1 }] }), { status: 403 }
      )
    }
  })

  t.test('401, 403 and 400: as /signature answers', async (t) => {
    const expired = await token({ sub: '42', role: 'member' }, '-1h')
    const cases = [
      ['nobody', ''], [expired, ''], ['unruled', ''], ['web', '?environment=staging'], [
        'other', '?environment=absent'
      ],
      [await token({ role: 'member' }), '']
    ] as const
    const statuses: number[] = []
    for (const [caller, query] of cases) {
      const told = await rules(caller, query)
      const signed = await ask(caller, 'POST', `/signature${query}`, {})
      t.match(
        told, { status: signed.status, body: { code: signed.body.code, detail: signed.body.detail } }, query
      )
      statuses.push(told.status)
    }
    t.same(statuses, [401, 401, 403, 403, 400, 403])
    t.match(await rules('web', '?public_id=a'), { status: 400 }, 'a parameter that nobody reads')
    t.equal((await app.inject('/signature/rules')).statusCode, 401)
  })

  t.test('nothing is asked of Cloudinary', async (t) => {
    t.same(sandbox.requests.filter(({ path }) => path.includes('cloud-')), [])
  })
})

t.test('without keys everybody may upload everything', async (t) => {
  const { app } = await startGatewayAt(t, 'http://127.0.0.1:9')
  t.match((await app.inject('/signature/rules')).json(), {
    allowed: true, formats: null, enforced_by_page_only: []
  })
  t.equal((await app.inject({ method: 'HEAD', url: '/signature/rules' })).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/signature/rules', payload: {} })).statusCode, 405)
})
