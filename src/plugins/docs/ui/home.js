import { variantsOf } from './actions.js'
import { codeBlock, el, icon, prose } from './dom.js'

/** @typedef {import('./actions.js').Action} Action */
/** @typedef {import('./action-view.js').Page} Page */

const LINKS = [
  ['openapi.json', 'OpenAPI, JSON'],
  ['openapi.yaml', 'OpenAPI, YAML'],
  ['postman.json', 'Postman collection'],
  ['docs/errors', 'Error codes']
]

/**
 * How an action is named in lists.
 * @param {Action} action
 * @param {Page} page
 */
export function lineOf (action, { operations }) {
  const operation = operations.get(variantsOf(action, operations)[0]?.operation ?? '')
  return {
    method: operation?.method ?? '',
    path: operation?.path ?? '',
    summary: operation?.summary ?? action.id
  }
}

/** @param {readonly Action[]} actions @param {Page} page @returns {HTMLElement} */
function listOf (actions, page) {
  return el(
    'ul',
    { class: 'actions' },
    ...actions.map((action) => {
      const { method, path, summary } = lineOf(action, page)
      return el(
        'li',
        {},
        el(
          'a',
          { href: `#/${action.id}`, 'data-operation': action.id },
          el('span', { class: 'name' }, summary),
          el('span', { class: 'path' }, el('span', { class: 'method' }, method), el('code', {}, path)),
          action.purpose !== '' && el('span', { class: 'muted purpose' }, ...prose(action.purpose)),
          icon('next')
        )
      )
    })
  )
}

/**
 * @param {Page} page
 * @returns {HTMLElement} A command to begin with and, on the sandbox, the picture that it leads to.
 */
function firstCall ({ access, addresses: { api } }) {
  const url = `${api}/url?public_id=sample&width=300&height=200&crop=fill`
  const block = codeBlock('Try it in a terminal')
  const element = el('div', { class: 'first' }, block.element)
  let isTried = false
  access.onChange(async () => {
    const [key, environment] = [access.key(), access.environment()]
    const headers = [
      ...(key === '' ? [] : ['-H "Authorization: Bearer $KEY" ']),
      ...(environment === '' ? [] : [`-H 'X-Environment: ${environment}' `])
    ]
    block.show(`curl ${headers.join('')}'${url}'`)
    // Each key stroke is a change, and a half key is not for the gateway to judge.
    if (!access.isSandbox() || isTried) return
    isTried = true
    const given = {
      ...(key !== '' && { authorization: `Bearer ${key}` }),
      ...(environment !== '' && { 'x-environment': environment })
    }
    const address = await pictureUrl(api, url, given)
    if (address === undefined) return
    const picture = el('img', {
      src: address,
      alt: 'What the command leads to: the sample, 300 by 200 pixels',
      width: 300,
      height: 200
    })
    picture.addEventListener('error', () => {
      picture.remove()
    })
    element.append(picture)
  })
  return element
}

/**
 * @param {string} api
 * @param {string} url The request that answers where the picture is.
 * @param {HeadersInit} headers
 * @returns {Promise<string | undefined>} Undefined when the sample was deleted, or is not for this caller.
 */
async function pictureUrl (api, url, headers) {
  /** @param {string} address */
  const ask = async (address) => (await fetch(address, { headers })).json()
  try {
    const { resources = [] } = await ask(`${api}/resources?public_ids=sample`)
    return resources.length > 0 ? (await ask(url)).url : undefined
  } catch {
    return undefined // the gateway has gone: the first request that somebody sends says so
  }
}

/**
 * The first screen: what this is, what can be done, and one command to try.
 * @param {readonly Action[]} nine
 * @param {readonly Action[]} others
 * @param {Page} page
 * @returns {HTMLElement}
 */
export function homeView (nine, others, page) {
  const { api } = page.addresses
  return el(
    'article',
    { class: 'home' },
    el(
      'header',
      {},
      el('h2', { tabindex: -1 }, 'Nine actions on Cloudinary'),
      el(
        'p',
        { class: 'muted' },
        'Upload, list, change and deliver assets over plain HTTP. Choose an action, fill in what you need ' +
          'and send it: every page shows the curl line of its request.'
      )
    ),
    listOf(nine, page),
    firstCall(page),
    el('h3', {}, 'Around them'),
    listOf(others, page),
    el('h3', {}, 'For programs'),
    el(
      'ul',
      { class: 'links' },
      ...LINKS.map(([path, text]) => el('li', {}, el('a', { href: `${api}/${path}` }, String(text))))
    )
  )
}
