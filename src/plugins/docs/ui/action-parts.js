import { curlOf } from './curl.js'
import { fieldsOf } from './document.js'
import { el, icon, prose } from './dom.js'
import { fitsHeader, requestOf } from './request.js'

/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./form.js').Form} Form */

/** What a signature consists of, beside the fields that it vouches for. */
export const SIGNED = ['timestamp', 'signature']
/** What stands for them in a command line. */
export const PLACEHOLDERS = { timestamp: '$TIMESTAMP', signature: '$SIGNATURE' }
const JSON_TYPE = 'application/json'

/**
 * Finds the first field that keeps a form from being sent.
 * @param {Form} form
 * @param {boolean} mustSign Whether the page signs the fields first, so that nobody has to type a signature.
 * @returns {{ control: import('./fields.js').Control, fault: string } | undefined}
 */
export function obstacle ({ controls, missing }, mustSign) {
  const blank = mustSign ? controls.find(({ field, read }) => field.kind === 'file' && !read()) : missing()
  if (blank) return { control: blank, fault: blank.field.kind === 'file' ? 'Choose a file.' : 'Is required.' }
  const odd = controls.find(({ field, read }) => field.place === 'header' && !fitsHeader(String(read())))
  return odd && { control: odd, fault: 'Must be ASCII characters: it is sent as a header.' }
}

/**
 * A fold with the statuses that the document lists.
 * @param {Operation} operation
 * @returns {HTMLElement}
 */
export function answersFold ({ answers }) {
  const lines = answers.map(([status, text]) =>
    el('li', {}, el('code', {}, status), el('span', {}, ...prose(text)))
  )
  return el(
    'details',
    { class: 'fold' },
    el('summary', {}, 'Possible answers'),
    el('ul', { class: 'answers' }, ...lines)
  )
}

/**
 * Chooses one of several ways to send an action.
 * @param {string} id
 * @param {readonly Form[]} forms
 * @param {(form: Form) => void} choose
 * @returns {HTMLElement}
 */
export function variantPicker (id, forms, choose) {
  const labels = forms.map((form, index) => {
    const change = () => { choose(form) }
    const given = { type: 'radio', name: `${id}-variant`, value: index, checked: index === 0, change }
    return el('label', {}, el('input', given), el('span', {}, form.variant.label))
  })
  return el('fieldset', { class: 'variants' }, el('legend', {}, 'Send as'), ...labels)
}

/**
 * A button that leads to the upload which uses what was signed.
 * @param {string} answer Of `POST /signature`.
 * @param {import('./request.js').Values} given
 * @param {(id: string, values: Readonly<Record<string, string>>) => void} open
 * @returns {HTMLElement}
 */
export function handOver (answer, given, open) {
  /** @type {{ fields: Record<string, string> }} */
  const { fields } = JSON.parse(answer)
  const values = Object.fromEntries(
    Object.entries(fields).filter(([name]) => SIGNED.includes(name) || given[name])
  )
  const click = () => { open('directUpload', values) }
  const attributes = { type: 'button', class: 'quiet wide', click }
  return el('button', attributes, 'Use it for a direct upload', icon('next'))
}

/**
 * Fields that were borrowed from the signer belong to the body.
 * @param {readonly import('./document.js').Field[]} fields
 * @returns {import('./document.js').Field[]}
 */
export function asBody (fields) {
  return fields.map((field) => field.place === 'header' ? field : { ...field, place: 'body' })
}

/**
 * The request that signs the fields of an upload.
 * @param {Operation} signer
 * @param {import('./request.js').Values} values
 * @param {import('./request.js').Target} target
 * @returns {import('./request.js').Sendable}
 */
export function signingOf (signer, { signature: _signature, ...values }, target) {
  return requestOf(signer, JSON_TYPE, { fields: fieldsOf(signer, JSON_TYPE), values, target })
}

/**
 * The command lines of a signed upload. The second needs what the first one answers.
 * @param {import('./request.js').Sendable} signing
 * @param {import('./request.js').Sendable} upload Its signature is `PLACEHOLDERS`.
 * @param {boolean} withKey
 * @returns {string}
 */
export function twoSteps (signing, upload, withKey) {
  const second = curlOf(upload, { withKey: false, expectsFile: true })
  const open = second.replace(/'((?:timestamp|signature)=\$[A-Z]+)'/g, '"$1"')
  const first = curlOf(signing, { withKey })
  return `# 1. sign the fields\n${first}\n\n# 2. send the file with what was signed\n${open}`
}
