import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }, { cloudName: 'strict', apiKey: '1', apiSecret: 'x', strictTransformations: true }] })
t.teardown(() => sandbox.close())
const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
const file = await sharp({ create: { width: 800, height: 500, channels: 3, background: '#345', noise } }).jpeg({ quality: 90 }).toBuffer()
for (const cloudName of ['demo', 'strict']) await sandbox.add('photo', { file, cloudName })

async function ask (path: string) {
  const answer = await fetch(`${sandbox.url}/${path}`)
  const text = await answer.text()
  const { breakpoints = [] } = answer.status === 200 ? JSON.parse(text) as { breakpoints: number[] } : {}
  const { status, headers } = answer
  return { status, breakpoints, type: headers.get('content-type'), reason: headers.get('x-cld-error'), ignored: headers.get('x-sandbox-ignored') }
}

t.test('w_auto:breakpoints:json answers with widths, the largest first', async (t) => {
  const { status, breakpoints, type, ignored } = await ask('demo/image/upload/w_auto:breakpoints:json/v1/photo.jpg')
  t.match({ status, type, ignored }, { status: 200, type: /^application\/json/, ignored: null })
  t.equal(breakpoints[0], 800, 'no wider than the picture')
  t.equal(breakpoints.at(-1), 50)
  t.ok(breakpoints.length > 3, breakpoints.join())
  t.same(breakpoints, [...new Set(breakpoints)].sort((one, other) => other - one))
})

t.test('its bounds are smallest and largest width, step in KiB and number of images; the rest of the chain counts', async (t) => {
  const { breakpoints } = await ask('demo/image/upload/c_scale,w_auto:breakpoints_200_600_5_6:json/v1/photo.jpg')
  t.match([breakpoints.at(0), breakpoints.at(-1)], [600, 200])
  t.ok(breakpoints.length > 2 && breakpoints.length <= 6, breakpoints.join())
  const half = await ask('demo/image/upload/c_crop,h_300,w_400/c_scale,w_auto:breakpoints_100_1000_5_20:json/v1/photo.jpg')
  t.equal(half.breakpoints[0], 400, 'no wider than what is left of it')
  const far = await ask('demo/image/upload/w_auto:breakpoints_100_700_100000_20:json/v1/photo.jpg')
  t.same(far.breakpoints, [700, 100], 'nothing between the two when the step is too large')
})

t.test('400 for bounds that are none, 401 where new transformations need a signature, 404 without an asset', async (t) => {
  for (const bounds of ['600_200_20_20', '0_200_20_20', '50_99999_20_20', '50_200_0_20', '50_200_20_1']) {
    t.match(await ask(`demo/image/upload/w_auto:breakpoints_${bounds}:json/v1/photo.jpg`), { status: 400, reason: `Invalid width in transformation: auto:breakpoints_${bounds}:json` })
  }
  t.match(await ask('strict/image/upload/w_auto:breakpoints:json/v1/photo.jpg'), { status: 401 })
  t.match(await ask('demo/image/upload/w_auto:breakpoints:json/v1/absent.jpg'), { status: 404 })
})
