import type { Imitation } from '../imitation.ts'
import { BLENDS, NOT_RENDERED, SHAPED, STRENGTHS } from './effect-rules.ts'
import { CROPS, FLAGS, KEYS } from './keys.ts'

/** One line of the coverage table. */
export interface CoverageRow {
  readonly kind: 'parameter' | 'value' | 'crop mode' | 'flag' | 'effect'
  readonly name: string
  readonly support: Imitation
}

/** What of the transformation URL is real, taken and ignored, or refused: read from the tables that decide it. */
export function transformationCoverage (): CoverageRow[] {
  const rows = (kind: CoverageRow['kind'], names: Iterable<string>, support: (name: string) => Imitation) =>
    [...names].sort().map((name) => ({ kind, name, support: support(name) }))
  return [
    ...rows('parameter', Object.keys(KEYS), (name) => KEYS[name]?.support ?? 'refused').map((row) => ({ ...row, name: `${row.name}_ (${KEYS[row.name]?.name ?? ''})` })),
    ...rows('value', Object.entries(KEYS).flatMap(([key, { examples = [] }]) => examples.map((value) => `${key}_${value}`)), valueSupport),
    ...rows('crop mode', CROPS, () => 'real'),
    ...rows('flag', Object.keys(FLAGS), (name) => FLAGS[name] ?? 'refused'),
    ...rows('effect', [...Object.keys(STRENGTHS), ...Object.keys(SHAPED), ...BLENDS], () => 'real'),
    ...rows('effect', NOT_RENDERED, () => 'refused')
  ]
}

/** What becomes of one value of a key. */
function valueSupport (text: string): Imitation {
  const [, key = '', value = ''] = /^([a-z]+)_(.*)$/.exec(text) ?? []
  if (KEYS[key]?.outside?.test(value)) return 'refused'
  return KEYS[key]?.idle?.test(value) ? 'ignored' : 'real'
}
