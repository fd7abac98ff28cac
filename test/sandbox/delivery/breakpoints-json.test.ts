import sharp from 'sharp'
import t from 'tap'
import { AssetRenderer } from '../../../src/sandbox/delivery/asset-renderer.ts'
import { MAX_TRIES } from '../../../src/sandbox/delivery/breakpoint-search.ts'
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

/** Counts the pictures that are made while `work` goes on. */
async function rendered (work: () => Promise<unknown>): Promise<number> {
  const { derive } = AssetRenderer.prototype
  let count = 0
  AssetRenderer.prototype.derive = function (request) {
    count++
    return derive.call(this, request)
  }
  try {
    await work()
  } finally {
    AssetRenderer.prototype.derive = derive
  }
  return count
}

t.test('an answer costs a bounded number of pictures, once for each version of an asset and for all that ask at a time', async (t) => {
  await sandbox.add('asked', { file })
  const greedy = 'demo/image/upload/w_auto:breakpoints_1_1000_1_200:json/v1/asked.jpg'
  const answers: Awaited<ReturnType<typeof ask>>[] = []
  const first = await rendered(async () => { answers.push(...await Promise.all([ask(greedy), ask(greedy)])) })
  t.ok(first > 20 && first <= MAX_TRIES + 1, `${first} pictures`)
  t.match(answers[0], { status: 200, breakpoints: { length: Number } })
  t.match([answers[0]?.breakpoints.at(0), answers[0]?.breakpoints.at(-1)], [800, 1])
  t.equal(await rendered(async () => { answers.push(await ask(greedy)) }), 0, 'remembered')
  t.same(answers[1], answers[0])
  t.same(answers[2], answers[0])
  t.ok(await rendered(() => ask(greedy.replace('_1_200', '_1_199'))) > 0, 'another question')
  await sandbox.add('asked', { file })
  t.ok(await rendered(() => ask(greedy)) > 0, 'another version')
})

t.test('what has failed is asked again', async (t) => {
  const path = 'demo/image/upload/l_frame/w_auto:breakpoints_50_90_1_3:json/v1/photo.jpg'
  t.match(await ask(path), { status: 404 })
  await sandbox.add('frame')
  t.match(await ask(path), { status: 200 })
})
