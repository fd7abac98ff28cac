import { Type, type Static } from '@sinclair/typebox'
import { Choice, PublicId } from './assets.ts'
import { EXTENSION, spelled } from './habits.ts'

const word = (description: string) => Type.Optional(Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_-]*$', maxLength: 50, 'x-fault': 'must be one word', description
}))
const size = (description: string) =>
  Type.Optional(Type.Number({ minimum: -9999, maximum: 9999, description }))

/** Parts of a layer, under the names of the official clients. */
export const LayerParts = Type.Object({
  public_id: Type.Optional(PublicId),
  resource_type: Type.Optional(Choice(['image', 'video', 'audio', 'raw', 'text', 'subtitles', 'lut'], {
    description: 'Kind of layer; `image`, or `text` where there is one.'
  })),
  type: Type.Optional(Choice(['upload', 'private', 'authenticated', 'fetch'], {
    description: 'Storage type of the layer.'
  })),
  format: Type.Optional(spelled('extension', Type.String(EXTENSION))),
  url: Type.Optional(Type.String({
    pattern: '^https?://[^"<>\\\\\\u0000-\\u001f\\u007f\\ud800-\\udfff]+$',
    maxLength: 1000,
    'x-fault': 'must be an http or https URL',
    description: 'A remote picture.'
  })),
  text: Type.Optional(Type.String({
    minLength: 1, maxLength: 500, pattern: '^[^\\ud800-\\udfff]+$', description: 'Text, as it is to be read.'
  })),
  text_style: Type.Optional(Type.String({
    pattern: '^[\\w .-]+$',
    maxLength: 200,
    'x-fault': 'must be a style such as "Arial_40_bold"',
    description: 'The whole style at once.'
  })),
  font_family: Type.Optional(Type.String({
    pattern: '^[\\w .-]+$', maxLength: 100, 'x-fault': 'must be the name of a font', examples: ['Arial']
  })),
  font_size: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 9999, examples: [40] })),
  font_weight: word('Such as `bold`.'),
  font_style: word('Such as `italic`.'),
  text_decoration: word('Such as `underline`.'),
  text_align: word('Such as `center`.'),
  stroke: word('`stroke` draws the outline that `border` describes.'),
  letter_spacing: size('In pixels.'),
  line_spacing: size('In pixels.'),
  font_hinting: word('How strokes are fitted to pixels.'),
  font_antialiasing: word('Smoothing of the edges.')
}, { additionalProperties: false, 'x-component': 'LayerParts' })
export type LayerInput = Static<typeof LayerParts>
