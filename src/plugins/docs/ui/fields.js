import { el, prose } from './dom.js'

/** @typedef {import('./document.js').Field} Field */
/**
 * @typedef {object} Control A field on the page.
 * @property {Field} field
 * @property {HTMLElement} element
 * @property {() => string | File | undefined} read
 * @property {(text: string) => void} write
 * @property {(fault: string) => void} complain Shows what is wrong with it; blank for nothing.
 */

const WRITTEN = {
  list: 'Separate with commas, or write a JSON array.',
  map: 'Write `name=value|other=value`, or a JSON object.'
}

/** @param {Field} field @returns {string} */
function howToWrite ({ kind, plainItems, anyNames }) {
  if (kind === 'list') return plainItems ? WRITTEN.list : 'Write a JSON array.'
  if (kind === 'map') return anyNames ? WRITTEN.map : 'Write a JSON object.'
  return ''
}

/** Ids of asset names that were seen on this page. */
export const SEEN_LIST = 'seen-public-ids'

/**
 * @param {Field} field
 * @param {string} id
 * @param {Record<string, any>} shared
 * @returns {HTMLInputElement | HTMLSelectElement}
 */
function inputOf ({ kind, name, options, example, required, hint }, id, shared) {
  const given = { id, name, ...shared, 'aria-required': required ? 'true' : undefined }
  if (kind === 'file') return el('input', { ...given, type: 'file' })
  if (kind === 'choice' || kind === 'flag') {
    const values = kind === 'flag' ? ['true', 'false'] : options
    const blank = /^Blank: (.+?)\.$/.exec(hint)?.[1]
    return el(
      'select',
      given,
      el('option', { value: '' }, blank === undefined ? 'not sent' : `not sent (${blank})`),
      ...values.map((value) => el('option', { value }, value))
    )
  }
  return el('input', {
    ...given,
    type: 'text',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    ...(kind === 'number' && { inputmode: 'numeric' }),
    ...(name === 'public_id' && { list: SEEN_LIST }),
    ...(example !== '' && { placeholder: `e.g. ${example}` })
  })
}

/**
 * @param {Field} field
 * @param {string} scope Begins its id, which is unique on the page.
 * @param {() => void} changed
 * @returns {Control}
 */
export function controlOf (field, scope, changed) {
  const { name, kind, required, description, hint } = field
  const id = `${scope}-${field.place}-${name}`
  const fault = el('p', { class: 'fault', id: `${id}-fault`, hidden: true })
  const how = howToWrite(field)
  const input = inputOf(field, id, {
    'aria-describedby': `${id}-fault ${id}-about`,
    input: () => {
      complain('')
      changed()
    }
  })
  /** @param {string} text */
  const complain = (text) => {
    fault.textContent = text
    fault.hidden = text === ''
    if (text === '') input.removeAttribute('aria-invalid')
    else input.setAttribute('aria-invalid', 'true')
  }
  const element = el(
    'div',
    { class: 'field', 'data-field': name },
    el('label', { for: id }, name, required && el('span', { class: 'required' }, 'required')),
    input,
    fault,
    el(
      'p',
      { class: 'about', id: `${id}-about` },
      ...prose(
        [description, how, kind === 'choice' || kind === 'flag' ? '' : hint]
          .filter((text) => text !== '')
          .join(' ')
      )
    )
  )
  return {
    field,
    element,
    complain,
    read: () => {
      if (kind === 'file') return /** @type {HTMLInputElement} */ (input).files?.[0]
      return kind === 'choice' || kind === 'flag' || name === 'file' ? input.value : input.value.trim()
    },
    write: (text) => {
      if (kind !== 'file') input.value = text
      changed()
    }
  }
}
