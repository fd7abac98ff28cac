/**
 * @typedef {object} Received
 * @property {number} status 0 when no answer could be read.
 * @property {string} text
 * @property {string} type Media type.
 * @property {string} requestId
 * @property {string} headers As received, one a line.
 * @property {number} ms
 */

/** @param {import('./request.js').Sendable} request @returns {XMLHttpRequestBodyInit | null} */
function bodyOf ({ form, bytes, json }) {
  if (form === undefined) return json ?? bytes ?? null
  const data = new FormData()
  for (const [name, value] of form) data.append(name, value)
  return data
}

/**
 * Sends a request with the key, if there is one.
 * @param {import('./request.js').Sendable} request
 * @param {{ key: string, onProgress: (part: number) => void, signal: AbortSignal }} options
 * @returns {Promise<Received>}
 */
export function send (request, { key, onProgress, signal }) {
  // fetch cannot tell how much of a file has been sent.
  const exchange = new window.XMLHttpRequest()
  const begun = performance.now()
  return new Promise((resolve) => {
    exchange.open(request.method, request.url)
    if (key !== '') exchange.setRequestHeader('Authorization', `Bearer ${key}`)
    for (const [name, value] of request.headers) exchange.setRequestHeader(name, value)
    exchange.upload.onprogress = ({ loaded, total }) => {
      onProgress(total > 0 ? loaded / total : 0)
    }
    exchange.onloadend = () => {
      resolve({
        status: exchange.status,
        text: exchange.responseText,
        type: (exchange.getResponseHeader('content-type') ?? '').replace(/;.*/, ''),
        requestId: exchange.getResponseHeader('x-request-id') ?? '',
        headers: exchange.getAllResponseHeaders().trim(),
        ms: Math.round(performance.now() - begun)
      })
    }
    signal.addEventListener('abort', () => {
      exchange.abort()
    })
    exchange.send(bodyOf(request))
  })
}
