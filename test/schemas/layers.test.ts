import t from 'tap'
import { LayerParts } from '../../src/schemas/layers.ts'

t.test('a layer has the parts that the official clients know, and no other', async (t) => {
  t.equal(LayerParts.additionalProperties, false)
  t.same(Object.keys(LayerParts.properties), [
    'public_id', 'resource_type', 'type', 'format', 'url', 'text', 'text_style', 'font_family', 'font_size', 'font_weight', 'font_style', 'text_decoration', 'text_align', 'stroke',
    'letter_spacing', 'line_spacing', 'font_hinting', 'font_antialiasing'
  ])
})

t.test('no part brings a separator of transformations, but for text and URLs, which are encoded', async (t) => {
  for (const [name, schema] of Object.entries(LayerParts.properties)) {
    const pattern = (schema as { pattern?: string }).pattern
    if (pattern === undefined || ['public_id', 'url', 'text'].includes(name)) continue
    for (const value of ['a,w_1', 'a/b', 'a|b', 'a%2Cb', '']) t.notOk(new RegExp(pattern, 'u').test(value), `${name}: ${value}`)
  }
})
