import fc from 'fast-check'
import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { deliveryUrl } from '../../src/cloudinary/wire/delivery-url.ts'
import type { DeliveryOptions } from '../../src/schemas/environment.ts'
import { CROP_MODES, type TransformationComponent } from '../../src/schemas/transformation.ts'
import { Secret } from '../../src/secret.ts'
import { rounds, seed } from '../support/rounds.ts'

const RUNS = rounds(5_000)
const SEED = seed(20_240_411)

/** Where we differ from the official package on purpose, each with the reason. The last test holds us to both sides. */
const DIFFERENCES = {
  percent: 'The package decodes an ID once before it encodes it, and so do we; but where "100%" throws, and "%2e%2e/a" or "a%2F%2Fb" lead elsewhere, ' +
    'we take the ID as it is.',
  remote: 'For remote pictures the package writes the number of a character behind "%", which is wrong beyond ASCII; we write UTF-8.',
  transformation: 'In a raw transformation the package encodes only blanks; what no URL may hold (other scripts, quotes, braces) we encode too. The signature is the same.',
  expressions: 'The package rewrites words such as "width" and blanks inside effects; we send the text as it was written.',
  http: 'Without a type the package returns an http ID untouched; we always name a type.'
} as const

/** Written once: what it decodes to is an ordinary ID. */
const encodedId = fc.array(fc.constantFrom('%20', '%C3%A9', '%25', '%23', '%3F', 'a', 'b'), { minLength: 1, maxLength: 5 }).map((parts) => `x${parts.join('')}y`)

const segment = fc.string({
  unit: fc.constantFrom('a', 'B', '7', '_', '-', '.', ' ', '&', '?', '#', '+', ',', ';', '=', '@', '$', ':', '!', '~', '*', "'", '(', ')', '[', '"', '<', '\\', 'é', '日', '😀', 'v1'),
  minLength: 1,
  maxLength: 8
})
const publicId = fc.oneof({ weight: 9, arbitrary: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')) }, encodedId)

const side = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constantFrom('auto', 'iw', 'ih', 0.5, '0.25', '$size_mul_2', 'iw_div_2'))
const component: fc.Arbitrary<Partial<TransformationComponent>> = fc.record({
  width: side,
  height: side,
  crop: fc.constantFrom(...CROP_MODES),
  aspect_ratio: fc.constantFrom('16:9', 1.5, '4:3'),
  quality: fc.constantFrom('auto', 'auto:best', 80, '60:420'),
  gravity: fc.constantFrom('auto', 'face', 'north_west', 'auto:subject'),
  fetch_format: fc.constantFrom('auto', 'webp'),
  effect: fc.constantFrom('sepia:50', 'grayscale', 'art:audrey', 'brightness:-30'),
  radius: fc.constantFrom('max', 20, 0, '10:20:30:40'),
  angle: fc.constantFrom(90, -20, 0, 'vflip', 'auto_right.hflip'),
  background: fc.constantFrom('white', '#ff0000', 'rgb:00ff00', 'auto:border'),
  dpr: fc.constantFrom(2, '1.5', 'auto'),
  named: fc.constantFrom('thumb', 'thumb.round'),
  x: fc.constantFrom(10, -5, '0.25', '$left'),
  y: fc.constantFrom(0, 20, 'ih_div_4'),
  zoom: fc.constantFrom(0.7, '1.5'),
  overlay: fc.constantFrom({ text: 'Hi, you / me', font_family: 'Arial', font_size: 20, font_weight: 'bold' }, { public_id: 'users/logo', type: 'private' as const }, 'logo', 'private:users:1:logo', 'text:Arial_20:Hi%20you', 'fetch:https://example.com/a b,c.png?d=é', 'fetch:http://example.com/%C3%A9'),
  underlay: fc.constantFrom('paper', 'users:1:paper'),
  border: fc.constantFrom('4px_solid_black', { width: 3, color: '#ff0000' }, { color: 'red' }, {}),
  color: fc.constantFrom('white', '#00ff00', 'rgb:00ff00'),
  opacity: fc.constantFrom(50, '30', 100),
  page: fc.constantFrom(2, '1-3', 'name:front'),
  density: fc.constantFrom(150, '300'),
  default_image: fc.constantFrom('avatar.png', 'users:1:avatar.png'),
  flags: fc.constantFrom('progressive', 'layer_apply.relative', ['attachment:name', 'lossy']),
  raw_transformation: fc.constantFrom('e_brightness:50/r_max', 'l_text:Arial_20:Hi%20you,g_south', 'if_w_gt_100,c_fill,w_100/if_end', 'l_text:Arial_20:a b')
}, { requiredKeys: [] })

// `undefined` members must be absent: the package tells them from missing ones.
const delivery: fc.Arbitrary<DeliveryOptions> = fc.record({
  secure: fc.boolean(),
  private_cdn: fc.boolean(),
  cdn_subdomain: fc.boolean(),
  long_url_signature: fc.boolean(),
  force_version: fc.boolean(),
  secure_cdn_subdomain: fc.boolean(),
  secure_distribution: fc.constantFrom('media.example.com', 'localhost:3000', 'res.cloudinary.com'),
  cname: fc.constantFrom('images.example.com', 'localhost:8081')
}, { requiredKeys: ['secure', 'private_cdn', 'cdn_subdomain', 'long_url_signature', 'force_version'] })

const options = fc.record({
  resource_type: fc.constantFrom('image', 'video', 'raw'),
  type: fc.constantFrom('upload', 'private', 'authenticated'),
  format: fc.constantFrom('jpg', 'png', 'mp4'),
  version: fc.oneof(fc.integer({ min: 1, max: 2_000_000_000 }), fc.constant('1234')),
  sign_url: fc.boolean()
}, { requiredKeys: ['type'] })

/** Our names for two options are the package's `transformation` (named ones) and the chain itself. */
function official (chain: Array<Partial<TransformationComponent>>) {
  return chain.map(({ named, ...rest }) => named === undefined ? rest : { ...rest, transformation: named })
}

function environment (settings: DeliveryOptions, signatureAlgorithm: 'sha1' | 'sha256') {
  return { cloudName: 'demo', apiSecret: new Secret('abcd'), signatureAlgorithm, delivery: settings }
}

t.test(`${RUNS} random URLs: equal to the official package`, async (t) => {
  const chain = fc.array(component, { maxLength: 3 })
  fc.assert(fc.property(publicId, chain, options, delivery, fc.constantFrom('sha1', 'sha256'), (id, transformation, choice, settings, algorithm) => {
    const theirs = cloudinary.url(id, {
      ...choice, ...settings, signature_algorithm: algorithm, cloud_name: 'demo', api_secret: 'abcd', analytics: false, transformation: official(transformation)
    } as never) // the package's types do not know every option that it reads
    const ours = deliveryUrl(environment(settings, algorithm), { public_id: id, transformation, ...choice } as never).url // exact optional types and fast-check's records
    if (ours !== theirs) t.equal(ours, theirs)
    return ours === theirs
  }), { numRuns: RUNS, seed: SEED })
  t.pass('no counterexample')
})

t.test('random URLs with a suffix or at the root: equal to the official package', async (t) => {
  const settings = { secure: true, private_cdn: true, cdn_subdomain: false, long_url_signature: false, force_version: true }
  const kinds = fc.constantFrom(['image', 'upload'], ['image', 'private'], ['image', 'authenticated'], ['raw', 'upload'], ['video', 'upload'])
  fc.assert(fc.property(publicId, kinds, fc.boolean(), fc.boolean(), fc.constantFrom(undefined, 'jpg'), (id, [kind, type], signed, root, format) => {
    const choice = { type, resource_type: kind, sign_url: signed, ...(format && { format }), ...(root && type === 'upload' && kind === 'image' ? { use_root_path: true } : { url_suffix: 'hello' }) }
    const theirs = cloudinary.url(id, { ...choice, ...settings, cloud_name: 'demo', api_secret: 'abcd', analytics: false } as never) // as above
    return deliveryUrl(environment(settings, 'sha1'), { public_id: id, ...choice } as never).url === theirs // as above
  }), { numRuns: rounds(1_000), seed: SEED })
  t.pass('no counterexample')
})

t.test('random remote pictures: equal to the official package', async (t) => {
  const settings = { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true }
  const remote = fc.webUrl({ withQueryParameters: true, withFragments: true }).filter((url) => !url.includes('%'))
  fc.assert(fc.property(remote, fc.boolean(), fc.constantFrom(undefined, 'png'), (url, signed, format) => {
    const theirs = cloudinary.url(url, { type: 'fetch', sign_url: signed, ...(format && { format }), ...settings, cloud_name: 'demo', api_secret: 'abcd', analytics: false } as never) // as above
    return deliveryUrl(environment(settings, 'sha1'), { public_id: url, type: 'fetch', sign_url: signed, format }).url === theirs
  }), { numRuns: rounds(1_000), seed: SEED })
  t.pass('no counterexample')
})

t.test('where we differ on purpose', async (t) => {
  const settings = { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true }
  const here = environment(settings, 'sha1')
  const config = { type: 'upload', cloud_name: 'demo', api_secret: 'abcd', analytics: false, secure: true }
  const tail = (url: string) => url.replace('https://res.cloudinary.com/demo/image/', '')

  for (const id of ['a%20b', 'a%2520b', 'a%2Fb', 'caf%C3%A9/%23', 'https%3A/a']) t.equal(deliveryUrl(here, { public_id: id }).url, cloudinary.url(id, { ...config }), id)
  t.equal(tail(deliveryUrl(here, { public_id: '%2e%2e/a' }).url), 'upload/v1/%252e%252e/a', DIFFERENCES.percent)
  t.equal(tail(cloudinary.url('%2e%2e/a', { ...config })), 'upload/v1/../a')
  t.equal(tail(deliveryUrl(here, { public_id: '100%' }).url), 'upload/100%25')
  t.throws(() => cloudinary.url('100%', { ...config }), URIError)

  t.equal(tail(deliveryUrl(here, { public_id: 'http://a.b/é', type: 'fetch' }).url), 'fetch/http://a.b/%C3%A9', DIFFERENCES.remote)
  t.equal(tail(cloudinary.url('http://a.b/é', { ...config, type: 'fetch' })), 'fetch/http://a.b/%E9')

  const raw = { raw_transformation: 'l_text:Arial_20:é|{x}' }
  const signature = (url: string) => /s--(.{8})--/.exec(url)?.[1]
  const ours = deliveryUrl(here, { public_id: 'x', transformation: raw, sign_url: true }).url
  const theirs = cloudinary.url('x', { ...config, ...raw, sign_url: true })
  t.match(ours, /\/l_text:Arial_20:%C3%A9%7C%7Bx%7D\/x$/, DIFFERENCES.transformation)
  t.equal(signature(ours), signature(theirs))

  t.equal(tail(deliveryUrl(here, { public_id: 'x', transformation: { effect: 'gen_replace:from_a cat;to_height' } }).url),
    'upload/e_gen_replace:from_a%20cat;to_height/x', DIFFERENCES.expressions)
  t.equal(tail(cloudinary.url('x', { ...config, effect: 'gen_replace:from_a cat;to_height' })), 'upload/e_gen_replace:from_a_cat;to_h/x')

  t.equal(tail(deliveryUrl(here, { public_id: 'http://a.b/c' }).url), 'upload/http://a.b/c', DIFFERENCES.http)
  t.equal(cloudinary.url('http://a.b/c', { cloud_name: 'demo', analytics: false }), 'http://a.b/c')
})
