/** @typedef {import('./document.js').Field} Field */
/**
 * @typedef {Readonly<Record<string, string | File | undefined>>} Values What was typed or chosen, by field.
 */
/**
 * @typedef {object} Sendable A request, before it is sent or shown.
 * @property {string} method
 * @property {string} url
 * @property {ReadonlyArray<readonly [name: string, value: string]>} headers
 * @property {ReadonlyArray<readonly [name: string, value: string | File]>} [form]
 * @property {File | null} [bytes] A file as the whole body; null when none is chosen yet.
 * @property {string} [json]
 */
/**
 * @typedef {object} Target
 * @property {string} api Address that paths are added to, without a slash at its end.
 * @property {string} root The same without the route prefix.
 * @property {string} environment Blank for the default one.
 */

/** @param {string} text Keeps what a query may hold readable. */
const encoded = (text) => encodeURIComponent(text).replace(/%(?:2C|2F|3A)/g, decodeURIComponent)

/** @param {string} id Slashes stay, unless a part is one that addresses drop. */
function encodedPath (id) {
  const parts = id.split('/')
  return parts.some((part) => /^\.{0,2}$/.test(part))
    ? encodeURIComponent(id)
    : parts.map((part) => encodeURIComponent(part)).join('/')
}

/** @param {string} text @returns {boolean} Whether a header can hold it. Browsers throw where it holds other letters. */
export const fitsHeader = (text) => /^[\x20-\x7e]*$/.test(text)

/** @param {string} text @returns {unknown} What the JSON says, or undefined. */
function parsed (text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The value of a field in a JSON body. What does not read as its type stays text, for the gateway to judge.
 * @param {Field} field
 * @param {string} text
 * @returns {unknown}
 */
export function typed ({ kind, types, plainItems }, text) {
  if ((types.has('array') || types.has('object')) && /^\s*[[{]/.test(text)) return parsed(text) ?? text
  if (types.has('boolean') && /^(?:true|false)$/.test(text)) return text === 'true'
  if (kind === 'number') return Number.isFinite(Number(text)) ? Number(text) : text
  if (kind === 'list' && plainItems) {
    return text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
  }
  return text
}

/**
 * @param {readonly Field[]} fields
 * @param {Values} values
 * @returns {ReadonlyArray<readonly [field: Field, value: string | File]>}
 */
function given (fields, values) {
  return fields.flatMap((field) => {
    const value = values[field.name]
    return value === undefined || value === '' ? [] : [[field, value]]
  })
}

/**
 * Builds a request of the fields that were filled in, and of nothing else.
 * @param {import('./document.js').Operation} operation
 * @param {string | undefined} media
 * @param {{ fields: readonly Field[], values: Values, target: Target }} input
 * @returns {Sendable}
 */
export function requestOf (operation, media, { fields, values, target }) {
  const filled = given(fields, values)
  /** @param {Field['place']} place */
  const at = (place) => filled.filter(([field]) => field.place === place)
  const path = operation.path.replace(/\{(\w+)\}/g, (_all, name) => encodedPath(String(values[name] ?? '')))
  const query = at('query')
    .map(([{ name }, value]) => `${name}=${encoded(String(value))}`)
    .join('&')
  const headers = at('header').map(([{ name }, value]) => /** @type {const} */ ([name, String(value)]))
  const { environment } = target
  if (environment !== '' && operation.takesEnvironment) headers.push(['X-Environment', environment])
  const request = {
    method: operation.method,
    url: `${operation.outside ? target.root : target.api}${path}${query && `?${query}`}`,
    headers
  }
  const body = at('body')
  if (media === 'multipart/form-data') {
    // Fields before the file, so that everything about it is known when its bytes arrive.
    const form = [...body].sort(
      ([one], [other]) => Number(one.kind === 'file') - Number(other.kind === 'file')
    )
    return { ...request, form: form.map(([{ name }, value]) => [name, value]) }
  }
  if (media === 'application/octet-stream') {
    const file = values['file']
    return {
      ...request,
      headers: [...headers, ['Content-Type', media]],
      bytes: file instanceof File ? file : null
    }
  }
  if (media === undefined) return request
  const json = Object.fromEntries(body.map(([field, value]) => [field.name, typed(field, String(value))]))
  return { ...request, headers: [...headers, ['Content-Type', media]], json: JSON.stringify(json) }
}
