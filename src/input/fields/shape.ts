import type { BLANK, BlankRule, SPELLING, Spelling } from '../../schemas/habits.ts'

/** Keywords of a JSON schema that decide how a field is read. */
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

/** True for a list, also when a single item may stand for it. A field that may also be text is not a list. */
export const isList = (shape: Shape): boolean => allows(shape, 'array') && !allows(shape, 'string')

/** Returns the shape of a member of a map; undefined when the schema leaves it open. */
export function shapeOf ({ properties, additionalProperties: rest }: Shape, name: string): Shape | undefined {
  if (properties && Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}
