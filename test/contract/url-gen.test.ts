import t from 'tap'
import sharp from 'sharp'
import { Transformation } from '@cloudinary/url-gen'
import { sepia } from '@cloudinary/url-gen/actions/effect'
import { ifCondition } from '@cloudinary/url-gen/actions/conditional'
import { name } from '@cloudinary/url-gen/actions/namedTransformation'
import * as overlay from '@cloudinary/url-gen/actions/overlay'
import * as underlay from '@cloudinary/url-gen/actions/underlay'
import { crop, fill, fit, scale } from '@cloudinary/url-gen/actions/resize'
import { byAngle } from '@cloudinary/url-gen/actions/rotate'
import { max } from '@cloudinary/url-gen/actions/roundCorners'
import { set, setAssetReference, setFloat, setFromContext, setFromMetadata, setInteger, setString } from '@cloudinary/url-gen/actions/variable'
import * as blend from '@cloudinary/url-gen/qualifiers/blendMode'
import * as flag from '@cloudinary/url-gen/qualifiers/flag'
import { expression as parse } from '@cloudinary/url-gen/qualifiers/expression'
import { compass } from '@cloudinary/url-gen/qualifiers/gravity'
import { Position } from '@cloudinary/url-gen/qualifiers/position'
import * as source from '@cloudinary/url-gen/qualifiers/source'
import { TextStyle } from '@cloudinary/url-gen/qualifiers/textStyle'
import { openShop, outcomeOf } from '../support/shop.ts'

const { sandbox, urls, photo } = await openShop()
t.teardown(() => sandbox.close())
const refused = (what: string) => `400 The sandbox does not imitate ${what}`
const picture = () => urls.image('shop/photo')
const logo = () => source.image('shop/logo')
const at = (direction: string, x = 0, y = 0) => new Position().gravity(compass(direction)).offsetX(x).offsetY(y)

// The package's own types do not let its expressions be lengths; its documentation does.
const expression = (text: string) => String(parse(text))

/** RGB at one point of what a URL delivers. */
async function pixel (url: string, x: number, y: number): Promise<string> {
  const body = Buffer.from(await (await fetch(url)).arrayBuffer())
  const { data, info } = await sharp(body).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)].join()
}

t.test('overlays and underlays: in their place, in their size, blended', async (t) => {
  const corner = picture().overlay(overlay.source(logo()).position(at('south_east', 3, 2))).format('png').toURL()
  t.equal(await outcomeOf(corner), '100x60')
  t.equal(await pixel(corner, 96, 57), '0,0,255')
  t.equal(await pixel(corner, 97, 57), '204,51,51')
  const shaped = overlay.source(logo().transformation(new Transformation().resize(scale(30)).rotate(byAngle(90)))).position(at('north_west'))
  t.equal(await pixel(picture().overlay(shaped).format('png').toURL(), 12, 29), '0,0,255', '30x24 turned: 24x30')
  t.equal(await outcomeOf(picture().overlay(overlay.source(logo().transformation(new Transformation().resize(scale(120, 80))))).toURL()), '120x80', 'a larger layer enlarges the canvas')
  const below = picture().underlay(underlay.source(logo().transformation(new Transformation().resize(scale(120, 80))))).format('png').toURL()
  t.equal(await pixel(below, 1, 1), '0,0,255')
  for (const mode of [blend.screen(), blend.multiply(), blend.overlay(), blend.mask()]) {
    t.equal(await outcomeOf(picture().overlay(overlay.source(logo()).blendMode(mode)).toURL()), '100x60')
  }
  t.equal(await pixel(picture().overlay(overlay.source(logo()).blendMode(blend.multiply())).format('png').toURL(), 50, 30), '0,0,0', 'yellow by blue')
})

t.test('text: drawn, with commas and slashes, wrapped', async (t) => {
  const style = new TextStyle('Arial', 20).fontWeight('bold').textDecoration('underline').letterSpacing(2)
  const text = source.text('Hi, you/me & 50%', style).textColor('white').backgroundColor('black')
  const url = picture().resize(scale(400)).overlay(overlay.source(text).position(at('north_west', 5, 5))).format('png').toURL()
  t.equal(await outcomeOf(url), '400x240')
  t.match(await pixel(url, 6, 6), /^(\d+),\1,\1$/, 'the plate behind it: the picture is green here')
  const words = 'one two three four five'
  const wide = source.text(words, new TextStyle('Georgia', 12))
  t.match(await outcomeOf(picture().overlay(overlay.source(wide)).toURL()), /^1[2-5]\dx60$/, 'one line, wider than the picture')
  const wrapped = source.text(words, new TextStyle('Georgia', 12)).transformation(new Transformation().resize(fit(90)))
  t.equal(await outcomeOf(picture().overlay(overlay.source(wrapped)).toURL()), '100x60')
})

t.test('variables, sums and conditions', async (t) => {
  t.equal(await outcomeOf(picture().addVariable(set('size', 5)).resize(scale(expression('$size * 8'))).toURL()), '40x24')
  t.equal(await outcomeOf(picture().addVariable(setInteger('a', 30)).addVariable(setFloat('b', 1.5)).resize(scale(expression('$a * $b'))).toURL()), '45x27')
  t.equal(await outcomeOf(picture().resize(scale(expression('initial_width / 4'))).toURL()), '25x15')
  t.equal(await outcomeOf(picture().addVariable(setAssetReference('logo', 'shop/logo')).overlay(overlay.source(source.image('$logo'))).toURL()), '100x60')
  t.equal(await outcomeOf(picture().addVariable(setString('word', 'sale')).addVariable(setFromContext('label', 'label')).resize(scale(50)).toURL()), '50x30')
  t.equal(await outcomeOf(picture().addVariable(setFromMetadata('none', 'none')).resize(scale(50)).toURL()), '50x30', 'metadata that is not set')
  const small = new Transformation().resize(scale(20))
  const large = new Transformation().resize(scale(80))
  const decide = (condition: string) => picture().conditional(ifCondition(condition, small).otherwise(large)).toURL()
  t.equal(await outcomeOf(decide('width > 90')), '20x12')
  t.equal(await outcomeOf(decide('initial_width < 90')), '80x48')
  t.equal(await outcomeOf(decide('aspect_ratio > 1 && height <= 60')), '20x12')
  t.equal(await outcomeOf(decide('!sale! in tags')), '20x12')
  t.equal(await outcomeOf(decide('!winter! in tags')), '80x48')
  t.equal(await outcomeOf(decide('face_count >= 1')), '20x12')
})

t.test('chains and named transformations', async (t) => {
  await fetch(`${sandbox.url}/v1_1/demo/transformations/badge`, {
    method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ transformation: 'c_fill,h_30,w_30/r_max' })
  })
  t.equal(await outcomeOf(picture().namedTransformation(name('badge')).toURL()), '30x30')
  t.equal(await outcomeOf(picture().resize(fill(50, 50)).roundCorners(max()).effect(sepia(30)).rotate(byAngle(90)).resize(crop(20, 10)).toURL()), '20x10')
  t.equal(await outcomeOf(picture().namedTransformation(name('none')).toURL()), '400 Unknown transformation none')
})

t.test('flags: those that mean something here, those that do not, those refused', async (t) => {
  const flagged = (one: ReturnType<typeof flag.progressive>) => picture().addAction(scale(50).addFlag(one)).toURL()
  const real = [flag.attachment('name'), flag.forceStrip(), flag.immutableCache(), flag.lossy(), flag.png8(), flag.png32(), flag.preserveTransparency(), flag.progressive(), flag.rasterize(), flag.stripProfile(),
    flag.animated(), flag.animatedWebP(), flag.noOverflow(), flag.relative(), flag.tiled(), flag.anyFormat(), flag.clip(), flag.clipEvenOdd(), flag.forceIcc(), flag.keepAttribution(), flag.keepIptc(), flag.png24(), flag.sanitize(), flag.tiff8Lzw(),
    flag.regionRelative(), flag.ignoreInitialAspectRatio()]
  for (const one of real) t.match(await outcomeOf(flagged(one)), /^50x(?:30|60)$/, String(one))
  const outside = [flag.animatedPng(), flag.hlsv3(), flag.keepDar(), flag.mono(), flag.noStream(), flag.splice(), flag.streamingAttachment('clip'), flag.truncateTS(), flag.waveform()]
  for (const one of outside) t.match(await outcomeOf(flagged(one)), /^400 The sandbox does not imitate the flag /, String(one))
  t.match(await outcomeOf(flagged(flag.custom('pdf'))), '400 Invalid flag in transformation: pdf')
})

t.test('layers outside the border are refused by name', async (t) => {
  const laid = (one: Parameters<typeof overlay.source>[0]) => picture().overlay(overlay.source(one)).toURL()
  t.equal(await outcomeOf(laid(source.fetch('https://example.com/a.png'))), refused('a layer of this kind (l_fetch)'))
  t.equal(await outcomeOf(laid(source.video('clip'))), refused('a layer of this kind (l_video)'))
  t.equal(await outcomeOf(laid(source.subtitles('clip.srt'))), refused('a layer of this kind (l_subtitles)'))
  t.equal(await outcomeOf(laid(source.image('shop/none'))), '404 Resource not found - shop/none')
})

t.test('versions, formats, delivery types and suffixes', async (t) => {
  t.ok(Buffer.from(await (await fetch(picture().toURL())).arrayBuffer()).equals(photo), 'an original, byte for byte')
  t.equal(await outcomeOf(picture().setVersion(12).toURL()), '100x60')
  t.equal(await outcomeOf(urls.image('shop/photo.jpg').toURL()), '100x60')
  t.equal(await outcomeOf(picture().setDeliveryType('private').toURL()), '404 Resource not found - shop/photo')
  t.equal(await outcomeOf(picture().setDeliveryType('fetch').toURL()), refused('the delivery type fetch'))
})
