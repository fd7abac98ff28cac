import t from 'tap'
import sharp from 'sharp'
import { buildSandbox } from '../../../src/sandbox/index.ts'
import { addSamples } from '../../../src/sandbox/pages/samples.ts'

t.test('an empty cloud gets samples: the same each time, and each delivered as what it says', async (t) => {
  const make = async () => {
    const { app, context } = await buildSandbox({ clock: () => 1_700_000_000_000 })
    t.teardown(() => app.close())
    await addSamples(context, 'demo')
    return { app, context, records: [...context.store.cloud('demo').all()] }
  }
  const { app, context, records } = await make()
  const again = await make()
  t.same(again.records.map(({ blob, ...record }) => record), records.map(({ blob, ...record }) => record), 'deterministic')
  t.same(records.map(({ public_id: id, resource_type: kind, type }) => `${kind}/${type}/${id}`), [
    'image/upload/sample', 'image/upload/samples/logo', 'image/upload/samples/landscapes/dunes', 'image/private/samples/private',
    'image/authenticated/samples/authenticated', 'video/upload/samples/chime', 'raw/upload/samples/readme.txt'
  ])
  t.ok(records.reduce((sum, { bytes }) => sum + bytes, 0) < 500_000, 'small')
  for (const record of records) {
    const bytes = await context.blobs.buffer(record.blob)
    t.equal(bytes.length, record.bytes)
    if (record.resource_type === 'image') t.match(await sharp(bytes).metadata(), { width: record.width, height: record.height })
  }
  t.equal((await sharp(await context.blobs.buffer(records[1]?.blob ?? '')).metadata()).hasAlpha, true)
  const status = async (url: string) => (await app.inject(url)).statusCode
  t.equal(await status('/demo/image/upload/w_50/sample.jpg'), 200)
  t.equal(await status('/demo/video/upload/samples/chime.wav'), 200)
  t.equal(await status('/demo/raw/upload/samples/readme.txt'), 200)
  t.equal(await status('/demo/image/authenticated/samples/authenticated.jpg'), 401)
})

t.test('a cloud that holds something is left alone, and so is one that does not exist', async (t) => {
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  await addSamples(context, 'demo')
  const before = [...context.store.cloud('demo').all()].length
  await addSamples(context, 'demo')
  await addSamples(context, 'other')
  t.equal([...context.store.cloud('demo').all()].length, before)
  t.equal([...context.store.cloud('other').all()].length, 0)
})
