import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import type { Page, Request } from 'playwright-core'
import t, { type Test } from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { NO_BROWSER, startBrowser } from '../support/chromium.ts'
import { startGateway } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import {
  atGateway, choosePicture, isStored, lastUpload, pageOf, snippet, startBackEnd, startSite
} from '../support/snippets.ts'

const KEY = 'key-of-a-back-end'
const file = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8')

const policyFile = (t: Test, text: string): string => join(t.testdir({ 'policy.yaml': text }), 'policy.yaml')
const nobody = { jwksUrl: undefined, issuer: undefined, audience: undefined }
const noCallers = { mode: 'keys', keys: [], ...nobody } as const

interface BackEnd {
  readonly heading: string
  readonly route: string
  /** Name of the file that listens. */
  readonly entry: string
  readonly files: () => Promise<Record<string, string>>
}

const signIn = { 'sign-in.js': file('back-end/sign-in.js') }
const BACK_ENDS: readonly BackEnd[] = [
  {
    heading: 'Express',
    route: '/signature',
    entry: 'server.js',
    files: async () => ({ ...signIn, 'server.js': snippet('Express', 'js') })
  },
  {
    heading: 'Next.js',
    route: '/api/signature',
    entry: 'next.js',
    files: async () => {
      const { code } = await transform(snippet('Next.js', 'ts'), { loader: 'ts' })
      // Where `@/` leads is a setting of an application.
      const route = code.replace('"@/auth"', '"./auth.js"')
      return { 'route.js': route, 'auth.js': file('back-end/auth.js'), 'next.js': file('back-end/next.js') }
    }
  },
  {
    heading: 'Node',
    route: '/signature',
    entry: 'server.js',
    files: async () => ({ ...signIn, 'server.js': snippet('Node', 'js') })
  }
]

/** Takes down everything that a page sends and is sent, headers included. */
function traffic (page: Page): { end: () => Promise<string> } {
  const texts: Array<Promise<string>> = []
  const take = async (request: Request): Promise<string> => {
    const answer = await request.response()
    const headers = JSON.stringify([await request.allHeaders(), await answer?.allHeaders()])
    // What the browser has kept from before has no body here.
    const text = answer === null || answer.status() === 304 ? '' : await answer.text()
    return [request.url(), headers, request.postData(), text].join('\n')
  }
  const listen = (request: Request): void => { texts.push(take(request)) }
  page.on('requestfinished', listen)
  return {
    end: async () => {
      page.off('requestfinished', listen)
      return (await Promise.all(texts)).join('\n')
    }
  }
}

t.test('a page asks its own back end, as printed', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const digest = `sha256:${digestOf(KEY).toString('hex')}`
  const policy = snippet('What the key may do', 'yaml').replace(/sha256:0+1/, digest)
  const gateway = await startGateway(t, { auth: { ...noCallers, policyFile: policyFile(t, policy) } })
  const env = { GATEWAY_URL: gateway.url, GATEWAY_KEY: KEY }

  for (const { heading, route, entry, files } of BACK_ENDS) {
    t.test(heading, { skip: heading !== 'Express' && LONG }, async (t) => {
      const site = await startSite(t)
      site.behind = await startBackEnd(t, await files(), entry, env)
      site.files.set('/', pageOf(`<script type="module" src="${gateway.url}/upload-element.js"></script>
        <cloudinary-upload signature-url="${route}" tags="avatar"></cloudinary-upload>`))
      const context = await browser.newContext()
      t.teardown(() => context.close())
      const page = await context.newPage()
      const record = traffic(page)

      await page.goto(site.origin)
      await t.rejects(choosePicture(page), /Sign in to upload files/)
      await page.getByText('You are not signed in').first().waitFor()

      await context.addCookies([{ name: 'session', value: 'tom', url: site.origin }])
      await page.reload()
      const publicId = await choosePicture(page)
      t.match(publicId, /^users\/42\/\w+$/)
      await isStored(t, gateway.sandbox, publicId)
      const { fields, headers } = lastUpload(gateway.sandbox)
      t.match(fields, { folder: 'users/42', tags: 'avatar', allowed_formats: 'jpg,png,webp' })
      t.notOk(headers.includes('authorization'))

      const seen = await record.end()
      t.ok(seen.includes(String(fields['signature'])) && seen.includes('session=tom'), 'all was taken down')
      t.notOk(seen.includes(KEY), 'the key is in nothing that the browser got or sent')
    })
  }

  t.test('with the signature of its own back end a page sends files through the gateway', async (t) => {
    const [{ files, entry }] = BACK_ENDS as [BackEnd] // not empty
    const site = await startSite(t)
    const { url, sandbox } = await startGateway(t, {
      corsOrigins: [site.origin], auth: { ...noCallers, policyFile: policyFile(t, policy) }
    })
    site.behind = await startBackEnd(t, await files(), entry, { ...env, GATEWAY_URL: url })
    site.files.set('/', pageOf(`<script type="module" src="${url}/upload-element.js"></script>
      <cloudinary-upload signature-url="/signature" via="gateway"></cloudinary-upload>
      <script type="module">${atGateway(snippet('Through the gateway', 'js'), url)}</script>`))
    const context = await browser.newContext()
    t.teardown(() => context.close())
    await context.addCookies([{ name: 'session', value: 'tom', url: site.origin }])
    const page = await context.newPage()
    const paths: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST') paths.push(new URL(request.url()).pathname)
    })
    await page.goto(site.origin)
    const publicId = await choosePicture(page)
    t.same(paths, ['/signature', '/direct-upload'])
    t.match(publicId, /^users\/42\//)
    await isStored(t, sandbox, publicId)
  })

  t.test('what the page would like beyond that is not asked for', { skip: LONG }, async (t) => {
    const [{ files, entry }] = BACK_ENDS as [BackEnd] // not empty
    const url = await startBackEnd(t, await files(), entry, env)
    const headers = { 'content-type': 'application/json', cookie: 'session=tom' }
    const body = JSON.stringify({ folder: 'users/7', public_id: 'theirs', overwrite: true, tags: ['a', 'b'] })
    const answer = await fetch(`${url}/signature`, { method: 'POST', headers, body })
    const { fields } = await answer.json() as { fields: object } // as documented
    t.match(fields, { folder: 'users/42', tags: 'a,b', public_id: undefined, overwrite: undefined })
  })
})

t.test('a gateway that is away, and nonsense from a page, end no back end', async (t) => {
  const away = { GATEWAY_URL: 'http://127.0.0.1:1', GATEWAY_KEY: KEY } // a port that nobody may listen on
  for (const { heading, route, entry, files } of BACK_ENDS) {
    const url = await startBackEnd(t, await files(), entry, away)
    const headers = { 'content-type': 'application/json', cookie: 'session=tom' }
    for (const body of ['{}', 'nonsense', '{}']) {
      const { status } = await fetch(url + route, { method: 'POST', headers, body })
      t.ok(status >= 400, `${heading}: ${status}`)
    }
  }
})

t.test('a page with a token of its own, as printed', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const claims = { iss: 'https://login.example', aud: 'gateway' }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).setSubject('tom')
    .setExpirationTime('1h').sign(privateKey)
  const site = await startSite(t)
  const gateway = await startGateway(t, {
    corsOrigins: [site.origin],
    auth: {
      ...noCallers,
      issuer: claims.iss,
      audience: claims.aud,
      jwtPublicKey: await exportSPKI(publicKey),
      policyFile: policyFile(t, "callers: { members: { jwt: { claims: {} }, folder: 'users/{sub}' } }")
    }
  })
  site.files.set('/', pageOf(`${atGateway(snippet('Upload from a browser', 'html'), gateway.url)}
    <script type="module">
      const getAccessToken = async () => '${token}'
      ${snippet('Without a back end', 'js')}
    </script>`))
  const page = await (await startBrowser(t)).newPage()
  await page.goto(site.origin)
  const publicId = await choosePicture(page)
  t.match(publicId, /^users\/tom\/\w+$/)
  await isStored(t, gateway.sandbox, publicId)
  t.notOk(lastUpload(gateway.sandbox).headers.includes('authorization'), 'the token did not go to Cloudinary')
})
