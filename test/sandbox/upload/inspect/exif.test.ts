import fc from 'fast-check'
import sharp from 'sharp'
import t from 'tap'
import { readExif } from '../../../../src/sandbox/upload/inspect/exif.ts'
import { startSandbox } from '../../../../src/sandbox/index.ts'
import { rounds, seed } from '../../../support/rounds.ts'

const plain = sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
const photo = await plain.clone().withExif({
  IFD0: { Make: 'Maker', Model: 'Size 1', Copyright: 'Somebody' },
  IFD2: { FNumber: '28/10', ExposureTime: '1/125', DateTimeOriginal: '2024:02:29 12:00:00', ExposureBiasValue: '-1/3' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '47/1 22/1 0/1' }
}).jpeg().toBuffer()

t.test('exif: what the camera wrote, as texts; nothing is an empty object; absent unless asked for', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const expected = {
    Make: 'Maker',
    Model: 'Size 1',
    Copyright: 'Somebody',
    XResolution: /^\d+\/\d+$/,
    FNumber: '28/10',
    ExposureTime: '1/125',
    DateTimeOriginal: '2024:02:29 12:00:00',
    ExposureBiasValue: '-1/3',
    GPSLatitudeRef: 'N',
    GPSLatitude: '47/1, 22/1, 0/1'
  }
  t.match((await sandbox.add('photo', { file: photo, exif: true }))['exif'], expected)
  t.notOk('exif' in await sandbox.add('other', { file: photo }))
  t.same((await sandbox.add('plain', { exif: true }))['exif'], {})
  const details = await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/photo?exif=true`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  t.match(await details.json(), { exif: expected })
})

t.test('both byte orders; broken blocks say what they can and harm nobody', async (t) => {
  const { exif = Buffer.alloc(0) } = await sharp(photo).metadata()
  t.equal(readExif(exif)['Make'], 'Maker')
  const big = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex')
  t.same(readExif(big), { Orientation: '6' })
  t.same(readExif(undefined), {})
  t.same(readExif(Buffer.from('not a block')), {})
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(exif.length - 1), fc.nat(255)), { maxLength: 30 }), fc.nat(exif.length), (changes, length) => {
    const broken = Buffer.from(exif.subarray(0, length))
    for (const [at, byte] of changes) if (at < length) broken[at] = byte
    for (const text of Object.values(readExif(broken))) if (typeof text !== 'string') throw new Error('not a text')
  }), { numRuns: rounds(500), seed: seed(5) })
  t.pass('500 broken blocks')
})
