import { isDeepStrictEqual } from 'node:util'
import { invalidRequest, pointerTo, type Fault } from '../errors.ts'

const isText = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)

function difference (inQuery: unknown, inBody: unknown): string {
  return isText(inQuery) && isText(inBody)
    ? `is ${JSON.stringify(inBody)} in the body and ${JSON.stringify(inQuery)} in the query`
    : 'is not the same in the body and in the query'
}

/**
 * Joins the fields of the query and those of the body. A field may stand in either, and in both when they agree: of
 * two values neither is obviously meant.
 * @throws {GatewayError} `invalid_request` that names every field with two values.
 */
export function joined<Q extends object, B extends object> (query: Q, body: B): Q & B {
  const inQuery = query as Readonly<Record<string, unknown>> // an object, so its members can be read
  const given = Object.entries(body).filter(([, value]) => value !== undefined)
  const faults: Fault[] = []
  for (const [name, value] of given) {
    const other = inQuery[name]
    if (other !== undefined && !isDeepStrictEqual(value, other)) {
      faults.push({ pointer: pointerTo(name), message: difference(other, value) })
    }
  }
  if (faults.length > 0) throw invalidRequest(faults)
  return { ...query, ...Object.fromEntries(given) as B } // its members, but for those that are undefined
}
