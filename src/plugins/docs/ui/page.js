import { accessBar } from './access.js'
import { ActionView } from './action-view.js'
import { ACTIONS, otherActions, variantsOf } from './actions.js'
import { operationsOf } from './document.js'
import { el, icon } from './dom.js'
import { homeView, lineOf } from './home.js'
import { pageMemory } from './memory.js'

/** @typedef {import('./actions.js').Action} Action */
/** @typedef {import('./action-view.js').Page} Page */

const THEME = 'cloudinary-gateway theme'
/** @returns {HTMLElement} Switches between light and dark, beginning with what the system prefers. */
function themeButton () {
  const root = document.documentElement
  const kept = window.localStorage.getItem(THEME)
  if (kept !== null) root.dataset['theme'] = kept
  const toggle = () => {
    const isDark =
      root.dataset['theme'] === undefined
        ? window.matchMedia('(prefers-color-scheme: dark)').matches
        : root.dataset['theme'] === 'dark'
    root.dataset['theme'] = isDark ? 'light' : 'dark'
    window.localStorage.setItem(THEME, root.dataset['theme'])
  }
  return el(
    'button',
    { type: 'button', class: 'quiet square', 'aria-label': 'Switch between light and dark', click: toggle },
    icon('theme')
  )
}

/** @param {readonly Action[]} actions @param {string} title @param {Page} page @returns {HTMLElement} */
function navigation (actions, title, page) {
  return el(
    'div',
    {},
    el('h2', {}, title),
    el(
      'ul',
      {},
      ...actions.map((action) =>
        el('li', {}, el('a', { href: `#/${action.id}`, 'data-nav': action.id }, lineOf(action, page).summary))
      )
    )
  )
}

/** @param {Element} link @param {boolean} isHere */
function mark (link, isHere) {
  if (isHere) link.setAttribute('aria-current', 'page')
  else link.removeAttribute('aria-current')
}

/**
 * @param {HTMLElement} main
 * @param {HTMLElement} nav
 * @param {{ actions: readonly Action[], home: HTMLElement, page: Page }} content
 */
function route (main, nav, { actions, home, page }) {
  /** @type {Map<string, ActionView>} */
  const views = new Map()
  /** @param {string} id */
  const viewOf = (id) => {
    const action = actions.find((each) => each.id === id)
    if (action === undefined) return undefined
    const view = views.get(id) ?? new ActionView(action, page)
    views.set(id, view)
    return view
  }
  /** @param {boolean} moves Whether the reader asked for another view, and reads on from its title. */
  const show = (moves) => {
    const id = window.location.hash.slice(2)
    const view = viewOf(id)?.element ?? home
    main.replaceChildren(view)
    for (const link of nav.querySelectorAll('[data-nav]')) mark(link, link.getAttribute('data-nav') === id)
    const title = view.querySelector('h2')
    document.title = view === home ? 'cloudinary-gateway' : `${title?.textContent} · cloudinary-gateway`
    if (!moves) return
    window.scrollTo(0, 0)
    title?.focus({ preventScroll: true })
  }
  window.addEventListener('hashchange', () => {
    show(true)
  })
  page.open = (id, values) => {
    viewOf(id)?.fill(values)
    window.location.hash = `#/${id}`
  }
  show(false)
}

/** @param {HTMLElement} body */
async function start (body) {
  // This file is at <prefix>/docs/static/page.js, also where a proxy puts more before it.
  const api = new URL('../..', import.meta.url).href.replace(/\/$/, '')
  const answer = await fetch(`${api}/openapi.json`)
  if (!answer.ok) throw new Error(`/openapi.json was answered with ${answer.status}.`)
  const contract = await answer.json()
  const prefix = contract.servers[0].url.replace(/\/$/, '')
  const root = api.endsWith(prefix) ? api.slice(0, api.length - prefix.length) : api
  const operations = operationsOf(contract)
  const addresses = { api, root }
  const access = accessBar(addresses)
  /** @type {Page} */
  const page = { operations, addresses, access, memory: pageMemory(), open: () => {} }
  const nine = ACTIONS.filter((action) => variantsOf(action, operations).length > 0)
  const others = otherActions(operations)
  const nav = el(
    'nav',
    { 'aria-label': 'Actions' },
    navigation(nine, 'Actions', page),
    navigation(others, 'Around them', page)
  )
  const main = el('main', { id: 'main' })
  const brand = el(
    'h1',
    {},
    el('a', { href: '#/' }, contract.info.title),
    el('span', { class: 'muted' }, contract.info.version)
  )
  body.replaceChildren(
    el(
      'a',
      {
        href: '#main',
        class: 'skip',
        click: (/** @type {Event} */ event) => {
          event.preventDefault()
          main.querySelector('h2')?.focus()
        }
      },
      'Skip to content'
    ),
    el('header', { class: 'top' }, brand, access.status, themeButton()),
    access.element,
    el('div', { class: 'frame' }, nav, main),
    page.memory.element
  )
  route(main, nav, { actions: [...nine, ...others], home: homeView(nine, others, page), page })
  await access.check()
}

start(document.body).catch((/** @type {Error} */ error) => {
  document.body.replaceChildren(
    el(
      'p',
      { class: 'broken', role: 'alert' },
      `The documentation could not be loaded. ${error.message} Reload the page to try again.`
    )
  )
})
