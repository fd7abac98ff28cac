import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { URLConfig, CloudConfig } from '@cloudinary/url-gen'
import { CloudinaryImage } from '@cloudinary/url-gen/assets/CloudinaryImage'
import { fill } from '@cloudinary/url-gen/actions/resize'
import { quality } from '@cloudinary/url-gen/actions/delivery'
import { v2 as cloudinary } from 'cloudinary'
import { measure } from 'mitata'

/**
 * Times pure functions in a process of its own: what one call costs, in nanoseconds, ours compiled as shipped. Both
 * sides must give the same text before they are timed.
 */
export interface MicroOrder { readonly dist: string, readonly rounds: number }
export type MicroReport = Readonly<Record<keyof ReturnType<typeof contestants>, readonly number[]>>

type Sources = {
  readonly signature: typeof import('../../src/cloudinary/wire/signature.ts')
  readonly urls: typeof import('../../src/cloudinary/wire/delivery-url.ts')
  readonly secrets: typeof import('../../src/secret.ts')
}

// What the package exports but its types do not tell.
const official = cloudinary.utils as unknown as { api_sign_request (fields: object, secret: string, algorithm: string, version: number): string }

const SECRET = 'abcdefghijklmnopqrstuvwxyz0'
const SIX = { timestamp: '1700000000', public_id: 'users/1/avatar', folder: 'users', tags: 'a,b', eager: 'c_thumb,h_200,w_200', unique_filename: 'true' }
const TWENTY = { ...SIX, ...Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`parameter_${index}`, `value of ${index}`])) }
const DELIVERY = { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true } as const
const PUBLIC_ID = 'users/1/avatar'
const STEPS = [{ width: 200, height: 200, crop: 'fill' }, { quality: 'auto' }] as const

function contestants ({ signature, urls, secrets }: Sources) {
  const apiSecret = new secrets.Secret(SECRET)
  const signing = { apiSecret, algorithm: 'sha1', version: 2 } as const
  const environment = { cloudName: 'demo', apiSecret, delivery: DELIVERY, signatureAlgorithm: 'sha1' } as const
  const theirs = { cloud_name: 'demo', api_secret: SECRET, secure: true, urlAnalytics: false, analytics: false, transformation: STEPS }
  const url = (signed: boolean) => (): string => urls.deliveryUrl(environment, { public_id: PUBLIC_ID, transformation: STEPS as never, sign_url: signed }).url // a literal, and narrower than the type of lists
  const sdkUrl = (signed: boolean) => (): string => cloudinary.url(PUBLIC_ID, { ...theirs, transformation: STEPS.map((step) => ({ ...step })), sign_url: signed } as never) // its types know no analytics
  const cloud = new CloudConfig({ cloudName: 'demo' })
  const settings = new URLConfig({ analytics: false })
  return {
    signSix: () => signature.signParameters(SIX, signing),
    sdkSignSix: () => official.api_sign_request(SIX, SECRET, 'sha1', 2),
    signTwenty: () => signature.signParameters(TWENTY, signing),
    sdkSignTwenty: () => official.api_sign_request(TWENTY, SECRET, 'sha1', 2),
    url: url(false),
    sdkUrl: sdkUrl(false),
    signedUrl: url(true),
    sdkSignedUrl: sdkUrl(true),
    genUrl: () => new CloudinaryImage(PUBLIC_ID, cloud, settings).resize(fill(200, 200)).delivery(quality('auto')).toURL()
  }
}

/** `c_fill,h_200,w_200` and `c_fill,w_200,h_200` are one transformation. */
function sorted (text: string): string {
  return text.split('/').map((part) => part.split(',').sort().join(',')).join('/')
}

function checkEqual (all: ReturnType<typeof contestants>): void {
  assert.equal(all.signSix(), all.sdkSignSix())
  assert.equal(all.signTwenty(), all.sdkSignTwenty())
  assert.equal(all.url(), all.sdkUrl())
  assert.equal(all.signedUrl(), all.sdkSignedUrl())
  assert.equal(sorted(all.url()), sorted(all.genUrl()))
}

async function answer ({ dist, rounds }: MicroOrder): Promise<MicroReport> {
  const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(dist, file)).href)
  const all = contestants({
    signature: await load('src/cloudinary/wire/signature.js'),
    urls: await load('src/cloudinary/wire/delivery-url.js'),
    secrets: await load('src/secret.js')
  } as Sources) // the compiled form of these very files
  checkEqual(all)
  const names = Object.keys(all) as Array<keyof typeof all> // the keys of a literal
  const values = Object.fromEntries(names.map((name): [string, number[]] => [name, []])) as Record<keyof typeof all, number[]> // as above
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values[name].push((await measure(all[name], { min_cpu_time: 200e6 })).p50)
  }
  return values
}

process.on('message', (order: MicroOrder) => {
  answer(order).then((report) => process.send?.(report), (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
process.on('disconnect', () => process.exit())
