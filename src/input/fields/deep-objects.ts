import { invalidRequest, movedBelow, pointerTo, type Fault, type GatewayError } from '../../errors.ts'
import { FORBIDDEN_NAMES, readTextFields } from '../text-fields.ts'
import { allows, shapeOf, type Shape } from './shape.ts'

type Fields = Readonly<Record<string, unknown>>
type Shapes = Readonly<Record<string, object>>

/** `transformation[width]`, and deeper: `transformation[border][width]`. `tags[]` is a list, not a member. */
const MEMBER = /^([^[\]]+)\[([^[\]]+)\](.*)$/s

/** Members by the name of their object, which stand under their own names or deeper ones. */
function grouped (shapes: Shapes, fields: Fields): Map<string, Record<string, unknown>> {
  const objects = new Map<string, Record<string, unknown>>()
  for (const [given, value] of Object.entries(fields)) {
    const [, name = '', member = '', rest = ''] = given.endsWith(']') ? MEMBER.exec(given) ?? [] : []
    // TypeBox schemas are plain JSON Schema.
    if (!Object.hasOwn(shapes, name) || !allows(shapes[name] as Shape, 'object')) continue
    // Without a prototype: a member named `__proto__` is one like any other, and refused by name.
    const members = objects.get(name) ?? Object.create(null) as Record<string, unknown>
    objects.set(name, members)
    members[`${member}${rest}`] = value
  }
  return objects
}

/** Reads members as text fields; those that the schema leaves open stay exactly as they came. */
function readMembers (shape: Shape, members: Fields): Fields {
  const shapes: Record<string, Shape> = {}
  for (const given of Object.keys(members)) {
    const name = given.replace(/\[.*$/s, '')
    const known = FORBIDDEN_NAMES.has(name) ? undefined : shapeOf(shape, name)
    if (known !== undefined) shapes[name] = known
  }
  return {
    ...readTextFields(shapes, readDeepObjects(shapes, members), { exact: shape.properties === undefined })
  }
}

/**
 * Reads objects that a query gives member by member, as `style: deepObject` of OpenAPI writes them:
 * `context[alt]=A cat`. Each becomes one field, as if it had been sent as JSON. Source: OpenAPI 3.1, "Style Values".
 * @throws {GatewayError} `invalid_request` when an object is given in two ways, or a member cannot be read.
 */
export function readDeepObjects (shapes: Shapes, fields: Fields): Fields {
  if (!Object.keys(fields).some((name) => name.endsWith(']'))) return fields // as nearly always
  const objects = grouped(shapes, fields)
  const faults: Fault[] = []
  const read: Record<string, unknown> = Object.fromEntries(Object.entries(fields).filter(([given]) =>
    !objects.has(MEMBER.exec(given)?.[1] ?? '')))
  for (const [name, members] of objects) {
    const other = [name, `${name}[]`].find((given) => Object.hasOwn(fields, given))
    if (other !== undefined) {
      faults.push({ pointer: pointerTo(name), message: `is given twice, as "${other}" and member by member` })
      continue
    }
    // `deepObject` has no lists: `[0]` would be read as a member of that name.
    const hasItems = Object.keys(members).some((member) => /^\d+(?:\[|$)/.test(member))
    if (hasItems && allows(shapes[name] as Shape, 'array')) {
      const message = 'is given item by item: send the list as one field, in JSON'
      faults.push({ pointer: pointerTo(name), message })
      continue
    }
    try {
      read[name] = readMembers(shapes[name] as Shape, members) // it is grouped by these names
    } catch (error) {
      faults.push(...movedBelow(pointerTo(name), error as GatewayError).errors) // it throws no other
    }
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return read
}
