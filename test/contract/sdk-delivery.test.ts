import t from 'tap'
import { v2 as cloudinary, type ConfigAndUrlOptions, type TransformationOptions } from 'cloudinary'
import { openShop, outcomeOf } from '../support/shop.ts'

const { sandbox } = await openShop()
t.teardown(() => sandbox.close())

const place: ConfigAndUrlOptions = { cloud_name: 'demo', api_secret: 'abcd', secure: false, cname: new URL(sandbox.url).host, urlAnalytics: false }
const url = (options: TransformationOptions & ConfigAndUrlOptions = {}, publicId = 'shop/photo') => cloudinary.url(publicId, { ...place, ...options as ConfigAndUrlOptions }) // the package's own union is narrower than what it reads
const refused = (what: string) => `400 The sandbox does not imitate ${what}`

t.test('sizes: what the package asks for is what is delivered', async (t) => {
  const cases: Array<[TransformationOptions & ConfigAndUrlOptions, string]> = [
    [{ width: 40, crop: 'scale' }, '40x24'], [{ width: 33, crop: 'scale' }, '33x20'], [{ height: 33, crop: 'scale' }, '55x33'], [{ width: 0.5, crop: 'scale' }, '50x30'],
    [{ width: 40, height: 40, crop: 'fill' }, '40x40'], [{ width: 40, height: 40, crop: 'fit' }, '40x24'], [{ width: 40, height: 40, crop: 'pad', background: '#112233' }, '40x40'],
    [{ width: 40, aspect_ratio: '16:9', crop: 'fill', gravity: 'auto' }, '40x23'], [{ aspect_ratio: 1, crop: 'crop' }, '60x60'], [{ width: 200, height: 200, crop: 'limit' }, '100x60'],
    [{ width: 20, height: 20, crop: 'thumb', gravity: 'face' }, '20x20'], [{ width: 20, crop: 'scale', dpr: 2 }, '40x24'], [{ width: 20, crop: 'scale', dpr: '1.5' }, '30x18'],
    [{ width: 30, height: 20, crop: 'crop', x: 10, y: 5 }, '30x20'], [{ angle: 90 }, '60x100'], [{ angle: ['vflip', 'hflip'] }, '100x60'], [{ border: { width: 4, color: '#00390b' } }, '108x68'],
    [{ radius: 'max', width: 30, height: 30, crop: 'fill' }, '30x30'], [{ radius: [5, 10, 15, 20] }, '100x60'], [{ effect: 'sepia:50' }, '100x60'], [{ effect: ['shadow', '10'], x: 3, y: 4 }, '103x64'], [{ opacity: 30, quality: 'auto:low', fetch_format: 'webp' }, '100x60'],
    [{ overlay: { public_id: 'shop/logo' }, gravity: 'south_east', x: 5, y: 5 }, '100x60'],
    [{ overlay: { font_family: 'Arial', font_size: 18, font_weight: 'bold', text: 'Hi, you/me & 50%' }, color: '#fff', flags: 'no_overflow' }, '100x60'],
    [{ transformation: [{ width: 50, height: 50, crop: 'fill' }, { effect: 'grayscale' }, { width: 25, crop: 'scale' }] }, '25x25'],
    [{ transformation: [{ variables: [['$size', 5]] }, { width: '$size * 8', crop: 'scale' }] }, '40x24'],
    [{ if: 'w < 200', width: 80, crop: 'scale' }, '80x48'], [{ if: 'w > 200', width: 80, crop: 'scale' }, '100x60'],
    [{ transformation: [{ if: 'iw > 50 && !sale! in tags', width: 20, crop: 'scale' }, { if: 'else', width: 10, crop: 'scale' }] }, '20x12'],
    [{ raw_transformation: 'w_30,c_scale/e_negate' }, '30x18'], [{ width: 'iw / 2', crop: 'scale' }, '50x30'], [{ format: 'jpg', width: 10, crop: 'scale' }, '10x6'], [{ version: 1234, flags: ['attachment', 'progressive'] }, '100x60']
  ]
  for (const [options, expected] of cases) t.equal(await outcomeOf(url(options)), expected, url(options))
})

t.test('signed URLs: short and long, SHA-1 and SHA-256, open what is authenticated', async (t) => {
  await sandbox.add('members/it\'s (1)!*~ é', { width: 40, height: 20, type: 'authenticated' })
  for (const more of [{}, { long_url_signature: true }, { signature_algorithm: 'sha256' }]) {
    const options = { type: 'authenticated', sign_url: true, width: 10, crop: 'scale', format: 'png', ...more }
    t.equal(await outcomeOf(url(options, 'members/it\'s (1)!*~ é')), '10x5', url(options, 'members/it\'s (1)!*~ é'))
  }
  t.equal(await outcomeOf(url({ type: 'authenticated', width: 10, crop: 'scale' }, 'members/it\'s (1)!*~ é')), '401 deny or ACL failure')
  t.equal(await outcomeOf(url({ sign_url: true, api_secret: 'wrong' })), '401 deny or ACL failure')
})

t.test('special forms of the path', async (t) => {
  t.equal(await outcomeOf(url({ shorten: true })), '100x60')
  t.equal(await outcomeOf(`${sandbox.url}/demo/images/w_20,c_scale/v1/shop/photo/a-nice-name.jpg`), '20x12', 'with a name for search engines')
  t.equal(await outcomeOf(url({ transformation: 'nobody-made-this' })), '400 Unknown transformation nobody-made-this')
})

t.test('outside the border: refused by name', async (t) => {
  const cases: Array<[TransformationOptions & ConfigAndUrlOptions, string]> = [
    [{ effect: 'cartoonify' }, refused('the effect cartoonify')], [{ effect: 'gen_remove:prompt_cat' }, refused('the effect gen_remove')], [{ type: 'fetch' }, refused('the delivery type fetch')],
    [{ type: 'facebook' }, refused('the delivery type facebook')], [{ overlay: { resource_type: 'fetch', url: 'https://a.b/c.png' } }, refused('a layer of this kind (l_fetch)')], [{ flags: 'apng' }, refused('the flag apng')],
    [{ page: 'name:head' }, refused('the page name:head')], [{ crop: 'imagga_scale', width: 10 }, refused('the crop imagga_scale')], [{ format: 'jxl' }, refused('conversion to jxl')], [{ raw_transformation: 'sp_hd' }, refused('streaming profile (sp_hd)')],
    [{ raw_transformation: 'fn_wasm:x.wasm' }, refused('custom function (fn_wasm:x.wasm)')]
  ]
  for (const [options, expected] of cases) t.equal(await outcomeOf(url(options)), expected, url(options))
})
