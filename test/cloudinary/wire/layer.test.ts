import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { layerToString } from '../../../src/cloudinary/wire/layer.ts'
import type { LayerInput } from '../../../src/schemas/layers.ts'

/** What the official client makes of it. */
const official = (overlay: LayerInput): string => cloudinary.utils.generate_transformation_string({ overlay } as never).replace(/^l_/, '') // its types know less

t.test('layers of their parts, as the official client writes them', async (t) => {
  const font = { font_family: 'Arial', font_size: 40 }
  for (const layer of [
    { public_id: 'logo' }, { public_id: 'users/logo' }, { public_id: 'logo', format: 'png', type: 'private' }, { public_id: 'clip', resource_type: 'video', type: 'authenticated' },
    { text: 'Hello', ...font }, { text: 'Hi, you / (me)? 100%', ...font, font_weight: 'bold', font_style: 'normal', text_decoration: 'underline', text_align: 'center', stroke: 'stroke' },
    { text: 'a $(name) b', ...font, letter_spacing: 5, line_spacing: -2, font_hinting: 'full', font_antialiasing: 'best' },
    { text: 'Hi', public_id: 'style' }, { text: 'Hi', text_style: 'Arial_20_bold' }, { text: 'écran 日本', font_family: 'DejaVu Sans', font_size: 12.5 },
    { public_id: 'subs.srt', resource_type: 'subtitles', ...font }, { public_id: 'style', resource_type: 'text' }
  ] as LayerInput[]) t.equal(layerToString(layer), official(layer), JSON.stringify(layer))
  t.equal(layerToString({ public_id: 'a/b/c' }), 'a:b:c', 'every slash, where the official client turns the first')
  t.equal(layerToString({ text: 'a|b', ...font }), 'text:Arial_40:a%257Cb', 'a pipe parts the transformations of eager')
  t.equal(layerToString({ url: 'https://example.com/a.png' }), 'fetch:https://example.com/a.png', 'encoded where the transformation is written')
  t.equal(layerToString({ url: 'https://example.com/a.mp4', resource_type: 'video' }), 'video:fetch:https://example.com/a.mp4')
})

t.test('parts that make no layer', async (t) => {
  for (const layer of [{}, { type: 'private' }, { type: 'fetch' }, { format: 'png' }, { text: 'Hi' }, { text: 'Hi', font_size: 40 }, { text: 'Hi', font_family: 'Arial' }, { text: 'Hi', font_weight: 'bold' }, { resource_type: 'text', font_family: 'Arial', font_size: 40 }] as LayerInput[]) {
    t.equal(layerToString(layer), undefined, JSON.stringify(layer))
  }
})
