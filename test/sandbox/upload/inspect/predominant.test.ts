import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../../src/sandbox/index.ts'
import { colorName } from '../../../../src/sandbox/upload/inspect/predominant.ts'

t.test('twelve names', async (t) => {
  const named = 'ff0000 red, e01010 red, ff8c00 orange, ffff00 yellow, 008000 green, 008080 teal, 0000ff blue, 336699 blue, 800080 purple, ff1493 pink, ' +
    'ffc0cb pink, ffffff white, f5f5f5 white, 808080 gray, 000000 black, 0a0a14 black, 8b4513 brown'
  for (const pair of named.split(', ')) {
    const [digits = '', name] = pair.split(' ')
    const [red = 0, green = 0, blue = 0] = Buffer.from(digits, 'hex')
    t.equal(colorName(red, green, blue), name, digits)
  }
})

t.test('predominant colours of an upload: names and percent, colors: hex codes', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const red = await sharp({ create: { width: 16, height: 64, channels: 3, background: '#d01818' } }).png().toBuffer()
  const file = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#ffffff' } }).composite([{ input: red, left: 0, top: 0 }]).png().toBuffer()
  const answer = await sandbox.add('flag', { file, colors: true })
  t.same(answer['colors'], [['#FFFFFF', 75], ['#D01818', 25]])
  t.same(answer['predominant'], { google: [['white', 75], ['red', 25]], cloudinary: [['white', 75], ['red', 25]] })
})
