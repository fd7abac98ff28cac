/** What of a body is asked for. */
export type Selection =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part', readonly start: number, readonly end: number }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'unchanged' }

export interface Validators { readonly etag: string, readonly lastModifiedMs: number, readonly bytes: number }

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Reads the conditional and range headers. Source: RFC 9110, sections 13 and 14; several ranges are answered as a whole. */
export function select (headers: RequestHeaders, validators: Validators): Selection {
  if (isUnchanged(headers, validators)) return { kind: 'unchanged' }
  const range = headers['range']
  if (typeof range !== 'string' || !appliesTo(headers['if-range'], validators)) return { kind: 'whole' }
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range.trim()) ?? []
  if (first === '' && last === '') return { kind: 'whole' }
  const { bytes } = validators
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (first !== '' && last !== '' && Number(first) > Number(last)) return { kind: 'whole' }
  return start < bytes && start <= end ? { kind: 'part', start, end } : { kind: 'unsatisfiable' }
}

function isUnchanged (headers: RequestHeaders, { etag, lastModifiedMs }: Validators): boolean {
  const known = headers['if-none-match']
  if (typeof known === 'string') {
    return known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
  }
  const since = headers['if-modified-since']
  return typeof since === 'string' && Math.floor(lastModifiedMs / 1000) * 1000 <= Date.parse(since)
}

function appliesTo (condition: string | string[] | undefined, { etag, lastModifiedMs }: Validators): boolean {
  if (typeof condition !== 'string') return true
  return condition.startsWith('"') ? condition === etag : Date.parse(condition) === Math.floor(lastModifiedMs / 1000) * 1000
}
