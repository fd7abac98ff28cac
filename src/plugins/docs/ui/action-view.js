import {
  answersFold, asBody, handOver, obstacle, PLACEHOLDERS, SIGNED, signingOf, twoSteps, variantPicker
} from './action-parts.js'
import { variantsOf } from './actions.js'
import { answerPanel } from './answer.js'
import { curlOf } from './curl.js'
import { fieldsOf } from './document.js'
import { codeBlock, el, icon, prose } from './dom.js'
import { formOf } from './form.js'
import { requestOf } from './request.js'
import { send } from './send.js'

/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./form.js').Form} Form */
/** @typedef {import('./send.js').Received} Received */
/**
 * @typedef {object} Page What all views share.
 * @property {ReadonlyMap<string, import('./document.js').Operation>} operations
 * @property {{ api: string, root: string }} addresses
 * @property {import('./access.js').Access} access
 * @property {import('./memory.js').Memory} memory
 * @property {(id: string, values: Readonly<Record<string, string>>) => void} open
 *   Shows another action, filled in.
 */

const FILE = 'file'
/** So much of an answer has to be on the screen, or it is scrolled there. */
const SEEN_PX = 120

/** One action: its fields, its curl line and its answer. */
export class ActionView {
  /** @type {Page} */ #page
  /** @type {import('./actions.js').Action} */ #action
  /** @type {Form[]} */ #forms
  /** @type {Form} */ #form
  #curl = codeBlock('curl')
  #answer = answerPanel()
  #place = el('div')
  #path = el('p', { class: 'path' })
  #progress = el('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Sent' })
  #button
  #cancel
  #abort = new AbortController()
  /**
   * What the page signed itself, to be signed anew with each file.
   * @type {Readonly<Record<string, string>>}
   */
  #made = {}

  /** @type {HTMLElement} */ element

  /** @param {import('./actions.js').Action} action @param {Page} page */
  constructor (action, page) {
    this.#action = action
    this.#page = page
    this.#forms = variantsOf(action, page.operations).map((variant) => this.#formOf(variant))
    this.#form = /** @type {Form} */ (this.#forms[0]) // views are made of actions that the document has
    this.#button = el('button', { type: 'submit', class: 'main' }, action.verb)
    this.#cancel = el(
      'button',
      {
        type: 'button',
        class: 'quiet',
        hidden: true,
        click: () => {
          this.#abort.abort()
        }
      },
      'Cancel'
    )
    this.element = this.#layout()
    page.access.onChange(() => {
      this.#refresh()
    })
    this.#choose(this.#form)
  }

  /** @param {Readonly<Record<string, string>>} values */
  fill (values) {
    this.#form.fill(values)
  }

  /** @param {import('./actions.js').Variant} variant @returns {Form} */
  #formOf (variant) {
    const { operations } = this.#page
    const { common, signedBy } = this.#action
    const signer = signedBy === undefined ? undefined : operations.get(signedBy)
    // Variants are chosen from these.
    const operation = /** @type {Operation} */ (operations.get(variant.operation))
    return formOf(
      { variant, operation, ...(signer && { borrowed: fieldsOf(signer, 'application/json') }) },
      common,
      () => {
        this.#refresh()
      }
    )
  }

  get #operation () {
    return /** @type {Operation} */ (
      this.#page.operations.get(this.#form.variant.operation)
    )
  }

  #layout () {
    const { purpose, note, id } = this.#action
    const { summary } = this.#operation
    const heading = el('h2', { tabindex: -1 }, summary)
    const form = el(
      'form',
      {
        novalidate: true,
        submit: async (/** @type {Event} */ event) => {
          event.preventDefault()
          await this.#submit()
        }
      },
      this.#forms.length > 1 && variantPicker(id, this.#forms, (chosen) => { this.#choose(chosen) }),
      note !== undefined && el('p', { class: 'note' }, ...prose(note)),
      this.#place,
      el('div', { class: 'send' }, this.#button, this.#cancel, this.#progress)
    )
    return el(
      'article',
      { class: 'action', id, 'aria-label': summary },
      el('a', { href: '#/', class: 'back' }, icon('back'), 'All actions'),
      el(
        'header',
        {},
        heading,
        this.#path,
        el('p', { class: 'muted' }, ...prose(this.#operation.description || purpose))
      ),
      el(
        'div',
        { class: 'columns' },
        form,
        el('div', { class: 'side' }, this.#curl.element, this.#answer.element, answersFold(this.#operation))
      )
    )
  }

  /** @param {Form} form */
  #choose (form) {
    this.#form = form
    const assetId = this.#page.memory.lastAssetId()
    if (form.values()['asset_id'] === '' && assetId !== '') form.fill({ asset_id: assetId })
    this.#place.replaceChildren(form.element)
    const { method, path } = this.#operation
    this.#path.replaceChildren(el('span', { class: 'method' }, method), el('code', {}, path))
    this.#refresh()
  }

  /** @param {import('./request.js').Values} [values] */
  #requestOf (values = this.#form.values()) {
    const fields = this.#form.controls.map(({ field }) => field)
    return requestOf(this.#operation, this.#form.variant.media, {
      fields: this.#isSigned ? asBody(fields) : fields,
      values,
      target: this.#target
    })
  }

  get #target () {
    const { addresses, access } = this.#page
    return { ...addresses, environment: access.environment() }
  }

  get #isSigned () {
    return this.#action.signedBy !== undefined
  }

  get #takesFile () {
    return this.#form.controls.some(({ field }) => field.kind === FILE)
  }

  /** @returns {import('./request.js').Sendable} The request that signs the fields. */
  #signing () {
    const signer = /** @type {Operation} */ (this.#page.operations.get(this.#action.signedBy ?? ''))
    const given = this.#form.values()
    const isOurs = given['timestamp'] === this.#made['timestamp']
    return signingOf(signer, isOurs ? { ...given, timestamp: '' } : given, this.#target)
  }

  get #mustSign () {
    const { signature = '' } = this.#form.values()
    return this.#isSigned && (signature === '' || signature === this.#made['signature'])
  }

  /** Shows the curl line of what is filled in now. */
  #refresh () {
    if (this.#form === undefined || this.element === undefined) return
    const withKey = this.#page.access.key() !== ''
    const expectsFile = this.#takesFile
    if (this.#mustSign) {
      const upload = this.#requestOf({ ...this.#form.values(), ...PLACEHOLDERS })
      this.#curl.show(twoSteps(this.#signing(), upload, withKey))
      return
    }
    this.#curl.show(curlOf(this.#requestOf(), { withKey: withKey && !this.#isSigned, expectsFile }))
  }

  async #submit () {
    if (!this.#cancel.hidden) return
    this.#form.complain([])
    const found = obstacle(this.#form, this.#mustSign)
    if (found !== undefined) {
      const { control: { complain, element }, fault } = found
      complain(fault)
      const input = /** @type {HTMLElement | null} */ (element.querySelector('input, select'))
      input?.focus()
      return
    }
    if (!this.#page.access.isSendable()) return
    this.#abort = new AbortController()
    this.#busy(true)
    try {
      if (!await this.#sign()) return
      this.#show(await this.#exchange(this.#requestOf(), !this.#isSigned))
    } finally {
      this.#busy(false)
    }
  }

  /** @returns {Promise<boolean>} Whether the fields are signed, where they have to be. */
  async #sign () {
    if (!this.#mustSign) return true
    const received = await this.#exchange(this.#signing(), true)
    if (received.status !== 200) {
      this.#show(received)
      return false
    }
    const { fields } = JSON.parse(received.text)
    this.#made = Object.fromEntries(SIGNED.map((name) => [name, String(fields[name])]))
    this.#form.fill(this.#made)
    return true
  }

  /**
   * @param {import('./request.js').Sendable} request
   * @param {boolean} withKey
   * @returns {Promise<Received>}
   */
  #exchange (request, withKey) {
    return send(request, {
      key: withKey ? this.#page.access.key() : '',
      signal: this.#abort.signal,
      onProgress: (part) => {
        this.#progress.value = part
      }
    })
  }

  /** @param {boolean} isBusy */
  #busy (isBusy) {
    this.#button.setAttribute('aria-disabled', String(isBusy))
    this.#button.textContent = isBusy ? 'Sending' : this.#action.verb
    this.#cancel.hidden = !isBusy
    this.#progress.hidden = !isBusy || !this.#takesFile
    this.#progress.value = 0
  }

  /** @param {Received} received */
  #show (received) {
    const after =
      this.#action.id === 'generateSignature' && received.status === 200
        ? [handOver(received.text, this.#form.values(), this.#page.open)]
        : []
    const body = this.#answer.show(received, this.#page.access.isSandbox(), ...after)
    if (received.status === 200 && body !== undefined) this.#page.memory.learn(body)
    if (Array.isArray(body?.['errors'])) this.#form.complain(body['errors'])
    if (received.status === 401 && body?.['code'] === 'unauthorized') {
      this.#page.access.complain(String(body['detail']))
      return
    }
    const { top } = this.#answer.element.getBoundingClientRect()
    if (top > window.innerHeight - SEEN_PX) this.#answer.element.scrollIntoView({ block: 'start' })
  }
}
