import { BLENDS, NOT_RENDERED, SHAPED, STRENGTHS } from './effect-rules.ts'
import { CROPS, FLAGS, KEYS, type Support } from './keys.ts'

/** One line of the coverage table. */
export interface CoverageRow { readonly kind: 'parameter' | 'crop mode' | 'flag' | 'effect', readonly name: string, readonly support: Support }

/** What of the transformation URL is real, taken and ignored, or refused: read from the tables that decide it. */
export function transformationCoverage (): CoverageRow[] {
  const rows = (kind: CoverageRow['kind'], names: Iterable<string>, support: (name: string) => Support) =>
    [...names].sort().map((name) => ({ kind, name, support: support(name) }))
  return [
    ...rows('parameter', Object.keys(KEYS), (name) => KEYS[name]?.support ?? 'refused').map((row) => ({ ...row, name: `${row.name}_ (${KEYS[row.name]?.name ?? ''})` })),
    ...rows('crop mode', CROPS, () => 'real'),
    ...rows('flag', Object.keys(FLAGS), (name) => FLAGS[name] ?? 'refused'),
    ...rows('effect', [...Object.keys(STRENGTHS), ...Object.keys(SHAPED), ...BLENDS], () => 'real'),
    ...rows('effect', NOT_RENDERED, () => 'refused')
  ]
}
