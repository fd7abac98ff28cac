import { el, icon } from './dom.js'
import { fitsHeader } from './request.js'

/**
 * @typedef {object} Access Who asks and for which environment, chosen once for the whole page.
 * @property {HTMLElement} element
 * @property {HTMLElement} status
 * @property {() => string} key
 * @property {() => string} environment
 * @property {() => boolean} isSandbox Whether the environment that answers is on the sandbox.
 * @property {(listener: () => void) => void} onChange
 * @property {(fault: string) => void} complain
 * @property {() => boolean} isSendable Whether a header can hold the key. Complains if not.
 * @property {() => Promise<void>} check
 */

const UNSENDABLE = 'This is not a key: keys are made of ASCII characters.'
const WANTED = 'This gateway asks for a key. It stays in this tab.'
/** The key stays in this tab, and is gone with it. */
const KEPT = 'cloudinary-gateway key'

const STATES = {
  ready: ['good', 'Ready'],
  degraded: ['bad', 'Degraded'],
  waiting: ['wait', 'Checking'],
  draining: ['bad', 'Shutting down']
}

/** @param {string} state @returns {HTMLElement} */
function pill (state) {
  const [look = 'bad', word = 'Not ready'] = STATES[/** @type {keyof typeof STATES} */ (state)] ?? []
  return el('span', { class: `pill ${look}` }, icon(/** @type {'good'} */ (look)), word)
}

/**
 * @param {string} url
 * @param {HeadersInit} [headers]
 * @returns {Promise<{ status: number, body: any }>} Status 0 when nothing answers.
 */
async function ask (url, headers = {}) {
  try {
    const answer = await fetch(url, { headers, cache: 'no-store' })
    return { status: answer.status, body: await answer.json() }
  } catch {
    return { status: 0, body: {} }
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {ReadonlyArray<{ name: string, default: boolean, sandbox: boolean }>} environments
 */
function fill (select, environments) {
  const chosen = select.value
  const usual = environments.find((each) => each.default)?.name
  select.replaceChildren(
    el('option', { value: '' }, usual === undefined ? 'default' : `default (${usual})`),
    ...environments.map(({ name, sandbox }) =>
      el('option', { value: name }, sandbox ? `${name} (sandbox)` : name)
    )
  )
  select.value = environments.some(({ name }) => name === chosen) ? chosen : ''
}

/** @param {{ api: string, root: string }} addresses @returns {Access} */
export function accessBar ({ api, root }) {
  /** @type {Array<() => void>} */
  const listeners = []
  /** @type {ReadonlyArray<{ name: string, default: boolean, sandbox: boolean }>} */
  let environments = []
  const told = () => {
    for (const listener of listeners) listener()
  }
  const status = el('span', { class: 'status', role: 'status' }, pill('waiting'))
  const key = el('input', {
    id: 'key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'key-about',
    placeholder: 'Paste a key',
    change: async () => {
      window.sessionStorage.setItem(KEPT, key.value.trim())
      await check()
    },
    input: told
  })
  key.value = window.sessionStorage.getItem(KEPT) ?? ''
  const environment = el(
    'select',
    { id: 'environment', change: told },
    el('option', { value: '' }, 'default')
  )
  const about = el('p', { class: 'about', id: 'key-about', 'aria-live': 'polite' }, 'Kept in this tab only.')
  /** @param {string} text @param {boolean} [isBad] */
  const say = (text, isBad = false) => {
    about.textContent = text
    about.classList.toggle('fault', isBad)
  }
  const check = async () => {
    const given = key.value.trim()
    if (!fitsHeader(given)) {
      say(UNSENDABLE, true)
      return
    }
    const [ready, list] = await Promise.all([
      ask(`${root}/readyz`),
      ask(`${api}/environments`, given === '' ? {} : { authorization: `Bearer ${given}` })
    ])
    status.replaceChildren(pill(ready.body.draining === true ? 'draining' : ready.body.status ?? 'gone'))
    if (list.status === 200) environments = list.body.environments
    if (list.status === 200) fill(environment, environments)
    if (list.status === 401) say(given === '' ? WANTED : 'The gateway does not know this key.', true)
    if (list.status === 200) say(given === '' ? 'No key is needed here.' : 'The key is good. It stays in this tab.')
    told()
  }
  /** @param {string} fault */
  const complain = (fault) => {
    say(fault, true)
    key.focus()
  }
  return {
    element: el(
      'section',
      { class: 'access', 'aria-label': 'Key and environment' },
      el('div', { class: 'field' }, el('label', { for: 'key' }, 'Key'), key, about),
      el(
        'div',
        { class: 'field' },
        el('label', { for: 'environment' }, 'Environment'),
        environment,
        el('p', { class: 'about' }, 'Sent as ', el('code', {}, 'X-Environment'), '.')
      )
    ),
    status,
    key: () => key.value.trim(),
    environment: () => environment.value,
    isSandbox: () =>
      environments.find((each) => (environment.value === '' ? each.default : each.name === environment.value))
        ?.sandbox ?? false,
    onChange: (listener) => {
      listeners.push(listener)
    },
    complain,
    isSendable: () => {
      const isSendable = fitsHeader(key.value.trim())
      if (!isSendable) complain(UNSENDABLE)
      return isSendable
    },
    check
  }
}
