import t, { type Test } from 'tap'
import type { CloudinaryImage } from '@cloudinary/url-gen'
import * as adjust from '@cloudinary/url-gen/actions/adjust'
import * as border from '@cloudinary/url-gen/actions/border'
import * as delivery from '@cloudinary/url-gen/actions/delivery'
import * as effect from '@cloudinary/url-gen/actions/effect'
import * as extract from '@cloudinary/url-gen/actions/extract'
import * as psd from '@cloudinary/url-gen/actions/psdTools'
import * as reshape from '@cloudinary/url-gen/actions/reshape'
import * as resize from '@cloudinary/url-gen/actions/resize'
import * as rotate from '@cloudinary/url-gen/actions/rotate'
import * as corners from '@cloudinary/url-gen/actions/roundCorners'
import { face } from '@cloudinary/url-gen/qualifiers/focusOn'
import { autoGravity, compass, focusOn, xyCenter } from '@cloudinary/url-gen/qualifiers/gravity'
import { custom, faces } from '@cloudinary/url-gen/qualifiers/region'
import { deuteranopia } from '@cloudinary/url-gen/qualifiers/simulateColorBlind'
import { image } from '@cloudinary/url-gen/qualifiers/source'
import { openShop, outcomeOf } from '../support/shop.ts'

type Action = Parameters<CloudinaryImage['addAction']>[0]
/** Each action of a module, by name: the compiler asks for those that are missing here. */
type Cases<Module> = Record<Extract<Exclude<keyof Module, 'default'>, Uncapitalize<string>>, ReadonlyArray<readonly [Action, string]>>

const { sandbox, urls } = await openShop()
t.teardown(() => sandbox.close())

async function deliver (t: Test, cases: Record<string, ReadonlyArray<readonly [Action, string]>>): Promise<void> {
  for (const [action, expected] of Object.values(cases).flat()) {
    const url = urls.image('shop/photo').addAction(action).toURL()
    t.equal(await outcomeOf(url), expected, url)
  }
}

const same = '100x60'
const refused = (what: string) => `400 The sandbox does not imitate ${what}`
const noEffect = (name: string) => refused(`the effect ${name}`)

t.test('resize: every mode delivers the size of the crop table', async (t) => {
  const cases: Cases<typeof resize> = {
    scale: [[resize.scale(40), '40x24'], [resize.scale(40, 40), '40x40'], [resize.scale('0.5'), '50x30'], [resize.scale().height(30), '50x30'], [resize.scale(50).aspectRatio('1:1'), '50x50']],
    fit: [[resize.fit(40, 40), '40x24'], [resize.fit(200, 200), '200x120']],
    limitFit: [[resize.limitFit(200, 200), same], [resize.limitFit(50), '50x30']],
    minimumFit: [[resize.minimumFit(200, 200), '200x120'], [resize.minimumFit(40, 40), same]],
    fill: [
      [resize.fill(40, 40), '40x40'], [resize.fill(40).aspectRatio('16:9'), '40x23'], [resize.fill().aspectRatio(1), '60x60'], [resize.fill(40, 40).gravity(autoGravity()), '40x40'],
      [resize.fill(40, 40).gravity(compass('north_west')), '40x40'], [resize.fill(30, 40).gravity(focusOn(face())), '30x40'], [resize.fill(30, 40).gravity(xyCenter()).x(60).y(30), '30x40']
    ],
    limitFill: [[resize.limitFill(200, 200), same], [resize.limitFill(30, 30), '30x30']],
    crop: [[resize.crop(30, 20), '30x20'], [resize.crop(30, 20).x(5).y(6), '30x20'], [resize.crop('0.5', '0.5').gravity(compass('south')), '50x30'], [resize.crop(500, 20), '100x20']],
    thumbnail: [[resize.thumbnail(30, 30).gravity(focusOn(face())), '30x30'], [resize.thumbnail(30).aspectRatio('1:1').zoom(1.2), '30x30']],
    pad: [[resize.pad(80, 80), '80x80'], [resize.pad(80, 80).gravity(compass('north')), '80x80']],
    limitPad: [[resize.limitPad(200, 100), '200x100']],
    minimumPad: [[resize.minimumPad(120, 40), '120x60']],
    auto: [[resize.auto(40, 30).gravity(autoGravity()), '40x30']],
    autoPad: [[resize.autoPad(80, 80), '80x80']],
    fillPad: [[resize.fillPad(80, 80).gravity(autoGravity()), '80x80']],
    imaggaCrop: [[resize.imaggaCrop(10, 10), refused('the crop imagga_crop')]],
    imaggaScale: [[resize.imaggaScale(10, 10), refused('the crop imagga_scale')]]
  }
  await deliver(t, cases)
})

t.test('effect: those with a counterpart are rendered, the rest refused by name', async (t) => {
  const cases: Cases<typeof effect> = {
    assistColorBlind: [[effect.assistColorBlind(), noEffect('assist_colorblind')]],
    blackwhite: [[effect.blackwhite(), same], [effect.blackwhite().threshold(30), same]],
    blur: [[effect.blur(), same], [effect.blur().strength(300).region(custom().x(1).y(2).width(10).height(10)), same], [effect.blur().region(faces()), noEffect('blur_faces')]],
    colorize: [[effect.colorize(40).color('blue'), same]],
    gradientFade: [[effect.gradientFade().strength(30), same]],
    grayscale: [[effect.grayscale(), same]],
    loop: [[effect.loop(2), same]],
    makeTransparent: [[effect.makeTransparent(20).colorToReplace('red'), same]],
    negate: [[effect.negate(), same]],
    pixelate: [[effect.pixelate(), same], [effect.pixelate().squareSize(9).region(custom().x(1).y(2).width(10).height(10)), same], [effect.pixelate().region(faces()), noEffect('pixelate_faces')]],
    sepia: [[effect.sepia(), same], [effect.sepia(40), same]],
    shadow: [[effect.shadow(0).color('black').offsetX(5).offsetY(7), '105x67']],
    simulateColorBlind: [[effect.simulateColorBlind(), same], [effect.simulateColorBlind().condition(deuteranopia()), same]],
    vignette: [[effect.vignette(), same], [effect.vignette(50), same]],
    accelerate: [[effect.accelerate(40), noEffect('accelerate')]],
    advancedRedEye: [[effect.advancedRedEye(), noEffect('adv_redeye')]],
    artisticFilter: [[effect.artisticFilter('audrey'), noEffect('art')]],
    backgroundRemoval: [[effect.backgroundRemoval(), noEffect('background_removal')]],
    boomerang: [[effect.boomerang(), noEffect('boomerang')]],
    cartoonify: [[effect.cartoonify(40), noEffect('cartoonify')]],
    deshake: [[effect.deshake(16), noEffect('deshake')]],
    dither: [[effect.dither(), noEffect('ordered_dither')]],
    dropShadow: [[effect.dropShadow(), noEffect('dropshadow')]],
    enhance: [[effect.enhance(), noEffect('enhance')]],
    extract: [[effect.extract('cat'), noEffect('extract')]],
    fadeIn: [[effect.fadeIn(100), noEffect('fade')]],
    fadeOut: [[effect.fadeOut(100), noEffect('fade')]],
    generativeBackgroundReplace: [[effect.generativeBackgroundReplace(), noEffect('gen_background_replace')]],
    generativeRecolor: [[effect.generativeRecolor('cat', 'red'), noEffect('gen_recolor')]],
    generativeRemove: [[effect.generativeRemove().prompt('cat'), noEffect('gen_remove')]],
    generativeReplace: [[effect.generativeReplace().from('cat').to('dog'), noEffect('gen_replace')]],
    generativeRestore: [[effect.generativeRestore(), noEffect('gen_restore')]],
    noise: [[effect.noise(10), noEffect('noise')]],
    oilPaint: [[effect.oilPaint(10), noEffect('oil_paint')]],
    outline: [[effect.outline(), noEffect('outline')]],
    redEye: [[effect.redEye(), noEffect('redeye')]],
    removeBackground: [[effect.removeBackground(), noEffect('bgremoval')]],
    reverse: [[effect.reverse(), noEffect('reverse')]],
    styleTransfer: [[effect.styleTransfer(image('shop/logo')), noEffect('style_transfer')]],
    theme: [[effect.theme('black'), noEffect('theme')]],
    transition: [[effect.transition(), noEffect('transition')]],
    upscale: [[effect.upscale(), noEffect('upscale')]],
    vectorize: [[effect.vectorize(), noEffect('vectorize')]]
  }
  await deliver(t, cases)
})

t.test('adjust: colours change, the size does not', async (t) => {
  const cases: Cases<typeof adjust> = {
    autoBrightness: [[adjust.autoBrightness(), same]],
    autoColor: [[adjust.autoColor().blend(50), same]],
    autoContrast: [[adjust.autoContrast(), same]],
    blue: [[adjust.blue(30), same]],
    brightness: [[adjust.brightness(-30), same]],
    brightnessHSB: [[adjust.brightnessHSB(30), same]],
    contrast: [[adjust.contrast(30), same]],
    gamma: [[adjust.gamma(50), same]],
    green: [[adjust.green(-30), same]],
    hue: [[adjust.hue(60), same]],
    improve: [[adjust.improve(), same], [adjust.improve().mode('outdoor').blend(50), same]],
    opacity: [[adjust.opacity(40), same]],
    opacityThreshold: [[adjust.opacityThreshold(30), same]],
    recolor: [[adjust.recolor([[0.3, 0.7, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.1]]), same]],
    red: [[adjust.red(50), same]],
    replaceColor: [[adjust.replaceColor('blue').fromColor('red').tolerance(40), same], [adjust.replaceColor('00f'), same]],
    saturation: [[adjust.saturation(50), same]],
    sharpen: [[adjust.sharpen(100), same]],
    tint: [[adjust.tint('50:red'), same], [adjust.tint('equalize:80:blue:0p:red:100p'), same]],
    unsharpMask: [[adjust.unsharpMask(100), same]],
    vibrance: [[adjust.vibrance(40), same]],
    by3dLut: [[adjust.by3dLut('iwltbap.3dl'), refused('a layer of this kind (l_lut)')]],
    fillLight: [[adjust.fillLight(), noEffect('fill_light')]],
    viesusCorrect: [[adjust.viesusCorrect(), noEffect('viesus_correct')]]
  }
  await deliver(t, cases)
})

t.test('delivery: formats, quality, density, a stand-in', async (t) => {
  const cases: Cases<typeof delivery> = {
    format: [[delivery.format('webp'), same], [delivery.format('avif'), same], [delivery.format('jpg').progressive('semi'), same], [delivery.format('auto'), same], [delivery.format('gif').lossy(), same],
      [delivery.format('mp4'), refused('conversion to mp4')], [delivery.format('jxl'), refused('conversion to jxl')]],
    quality: [[delivery.quality(50), same], [delivery.quality('auto'), same], [delivery.quality('auto:best'), same], [delivery.quality(60).chromaSubSampling(444), same]],
    dpr: [[delivery.dpr(2), same], [delivery.dpr('auto'), same]],
    density: [[delivery.density(150), same]],
    defaultImage: [[delivery.defaultImage('logo.png'), same]],
    colorSpace: [[delivery.colorSpace('srgb'), same]],
    colorSpaceFromICC: [[delivery.colorSpaceFromICC('profile.icc'), same]]
  }
  await deliver(t, cases)
  t.equal(await outcomeOf(urls.image('shop/gone').delivery(delivery.defaultImage('nobody.png')).toURL()), '404 Resource not found - shop/gone')
  for (const [format, type] of [['webp', 'image/webp'], ['avif', 'image/avif'], ['jpg', 'image/jpeg'], ['gif', 'image/gif'], ['tiff', 'image/tiff']] as const) {
    const answer = await fetch(urls.image('shop/photo').delivery(delivery.format(format)).toURL())
    t.equal(answer.headers.get('content-type'), type)
    await answer.arrayBuffer()
  }
})

t.test('shape: angles, corners, borders, trims and shears', async (t) => {
  const shapes: Cases<typeof rotate> & Cases<typeof corners> & Cases<typeof border> & Cases<typeof reshape> = {
    byAngle: [[rotate.byAngle(90), '60x100'], [rotate.byAngle(180), same], [rotate.byAngle(-90), '60x100']],
    mode: [[rotate.mode('vflip'), same], [rotate.mode('hflip'), same], [rotate.mode('ignore'), same]],
    byRadius: [[corners.byRadius(20), same], [corners.byRadius(5, 10), same], [corners.byRadius(5, 10, 15, 20), same]],
    max: [[corners.max(), same]],
    solid: [[border.solid(3, 'red'), '106x66'], [border.solid(2, '#0a0').roundCorners(corners.byRadius(9)), '104x64']],
    trim: [[reshape.trim(), same], [reshape.trim().colorSimilarity(10), same]],
    shear: [[reshape.shear(45, 0), '160x60']],
    cutByImage: [[reshape.cutByImage(image('shop/logo')), same]],
    distort: [[reshape.distort([1, 2, 90, 3, 90, 50, 5, 55]), noEffect('distort')]],
    distortArc: [[reshape.distortArc(90), noEffect('distort')]]
  }
  await deliver(t, shapes)
})

t.test('extract and psdTools: pages are rendered; layers of a Photoshop file are refused', async (t) => {
  const cases: Cases<typeof extract> & Cases<typeof psd> = {
    getFrame: [[extract.getFrame().byNumber(1), same]],
    getPage: [[extract.getPage().byNumber(1), same], [extract.getPage().byRange(2, 4), refused('the page 2-4')]],
    clip: [[psd.clip().byName('path'), refused('the page name:path')]],
    getLayer: [[psd.getLayer().byName('head'), refused('the page name:head')]],
    smartObject: [[psd.smartObject().byIndex(1), refused('the page embedded:1')]]
  }
  await deliver(t, cases)
})
