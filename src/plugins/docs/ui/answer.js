import { codeBlock, el, icon, prose } from './dom.js'

/** @typedef {Record<string, any>} Body An answer or a problem of the gateway. */
/** @typedef {import('./send.js').Received} Received */
/** @typedef {(received: Received, isSandbox: boolean, ...after: HTMLElement[]) => Body | undefined} Show */

/** @param {string} text @returns {Body | undefined} */
function objectIn (text) {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * @param {Body} asset
 * @param {boolean} isSandbox Which speaks http alone.
 * @returns {string | undefined} Where its picture is.
 */
function pictureOf ({ resource_type: kind, secure_url: secure, url, type }, isSandbox) {
  if (kind !== 'image' || type === 'private' || type === 'authenticated') return undefined
  const address = isSandbox ? (url ?? secure) : (secure ?? url)
  // It becomes a link: nothing but a page or a picture may open.
  return typeof address === 'string' && /^https?:/.test(address) ? address : undefined
}

/** @param {string} url @param {string} steps @returns {string} */
const derived = (url, steps) => url.replace(/\/image\/upload\/(?=v\d|[^/]+$)/, `/image/upload/${steps}/`)

/**
 * @param {string} src
 * @param {string} alt
 * @param {Record<string, string | number>} given
 * @returns {HTMLImageElement}
 */
function picture (src, alt, given) {
  // What cannot be shown, such as an image that is still being made, takes no room.
  return el('img', {
    src,
    alt,
    loading: 'lazy',
    decoding: 'async',
    ...given,
    error: ({ target }) => {
      target.remove()
    }
  })
}

/**
 * @param {Body} body
 * @param {boolean} isSandbox
 * @returns {HTMLElement | undefined} The picture that the answer is about, or those that it lists.
 */
function preview (body, isSandbox) {
  if (Array.isArray(body['resources'])) {
    const shown = body['resources']
      .flatMap((asset) => {
        const url = pictureOf(asset, isSandbox)
        return url === undefined
          ? []
          : [picture(derived(url, 'c_fill,h_144,w_144'), asset.public_id, { width: 72, height: 72 })]
      })
      .slice(0, 12)
    return shown.length > 0 ? el('div', { class: 'thumbnails' }, ...shown) : undefined
  }
  const url = pictureOf(body, isSandbox)
  if (url === undefined) return undefined
  const small = body['transformation'] === undefined ? derived(url, 'c_limit,h_480,w_640') : url
  return el(
    'a',
    { class: 'preview', href: url, target: '_blank', rel: 'noreferrer' },
    picture(small, `Picture of ${body['public_id']}`, {})
  )
}

/** @param {Body} problem @returns {HTMLElement} */
function inWords ({ title, detail, advice, errors = [], type }) {
  return el(
    'div',
    { class: 'problem' },
    el('p', {}, el('strong', {}, title ?? 'The request failed'), '. ', ...prose(detail ?? '')),
    errors.length > 0 &&
      el(
        'ul',
        {},
        ...errors.map((/** @type {Body} */ { pointer, message }) =>
          el('li', {}, el('code', {}, pointer), ` ${message}`)
        )
      ),
    advice !== undefined && el('p', { class: 'muted' }, ...prose(advice)),
    typeof type === 'string' &&
      type.startsWith('/') &&
      el('p', {}, el('a', { href: type }, 'About this error'))
  )
}

const SIZE = new Intl.NumberFormat('en', { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 1 })

/** @param {import('./send.js').Received} received @returns {HTMLElement} */
function headline ({ status, ms, text, requestId }) {
  const isGood = status >= 200 && status < 300
  return el(
    'p',
    { class: 'headline' },
    el(
      'span',
      { class: `pill ${isGood ? 'good' : 'bad'}` },
      icon(isGood ? 'good' : 'bad'),
      status === 0 ? 'No answer' : `${status} ${isGood ? 'OK' : 'Failed'}`
    ),
    el('span', { class: 'muted' }, `${ms} ms`),
    el('span', { class: 'muted' }, SIZE.format(text.length / 1000)),
    requestId !== '' && el('span', { class: 'muted id' }, requestId)
  )
}

const SILENT =
  'The browser could read no answer: the gateway is out of reach, or it sent on to another host. Try the curl line.'

/**
 * Where an answer is shown.
 * @returns {{ element: HTMLElement, show: Show }}
 */
export function answerPanel () {
  const empty = el('p', { class: 'empty' }, 'Nothing sent yet. The answer appears here.')
  const place = el('div', { class: 'answer-body' }, empty)
  const heard = el('p', { role: 'status', class: 'heard' })
  const block = codeBlock('Body')
  const headers = el('pre', { tabindex: 0, 'aria-label': 'Headers', role: 'region' })
  return {
    element: el('section', { class: 'answer', 'aria-label': 'Answer' }, el('h3', {}, 'Answer'), heard, place),
    show: (received, isSandbox, ...after) => {
      const body = objectIn(received.text)
      const isProblem = received.type === 'application/problem+json' && body !== undefined
      block.show(body === undefined ? received.text : JSON.stringify(body, undefined, 2))
      headers.textContent = received.headers
      heard.textContent = isProblem
        ? `${body['title']}. ${body['detail'] ?? ''}`
        : `Answer ${received.status}`
      /** @type {Array<Node | undefined | false>} */
      const parts = [
        headline(received),
        received.status === 0 && el('p', { class: 'problem' }, SILENT),
        isProblem && inWords(body),
        !isProblem && body !== undefined && preview(body, isSandbox),
        ...after,
        received.text !== '' && block.element,
        received.headers !== '' && el('details', { class: 'fold' }, el('summary', {}, 'Headers'), headers)
      ]
      place.replaceChildren(...parts.filter((part) => part !== undefined && part !== false))
      return body
    }
  }
}
