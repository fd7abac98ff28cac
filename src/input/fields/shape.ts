import type { BLANK, BlankRule, SPELLING, Spelling } from '../../schemas/habits.ts'

/** The few keywords of a JSON schema that decide how a field is read. */
export interface Shape {
  readonly type?: string | readonly string[]
  readonly items?: Shape
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: boolean | Shape
  readonly [SPELLING]?: Spelling
  readonly [BLANK]?: BlankRule
}

export const allows = (shape: Shape | undefined, type: string): boolean =>
  shape?.type === type || (Array.isArray(shape?.type) && shape.type.includes(type))

/** A list, even where one of its items may stand for it. Where text is a value of its own, it is none. */
export const isList = (shape: Shape): boolean => allows(shape, 'array') && !allows(shape, 'string')

/** What a member of a map should be. */
export function shapeOf ({ properties, additionalProperties: rest }: Shape, name: string): Shape | undefined {
  if (properties && Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}
