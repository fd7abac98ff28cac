import { controlOf } from './fields.js'
import { fieldsOf } from './document.js'
import { el } from './dom.js'

/** @typedef {import('./document.js').Field} Field */
/** @typedef {import('./document.js').Operation} Operation */
/** @typedef {import('./fields.js').Control} Control */
/**
 * @typedef {object} Form The fields of one way to send an action.
 * @property {import('./actions.js').Variant} variant
 * @property {HTMLElement} element
 * @property {readonly Control[]} controls
 * @property {() => import('./request.js').Values} values
 * @property {(values: Readonly<Record<string, string>>) => void} fill
 * @property {() => Control | undefined} missing The first required field that is blank.
 * @property {(errors: ReadonlyArray<{ pointer: string, message: string }>) => void} complain
 */

/** So many fields are shown without folding where no table chooses. */
const FEW = 12

/** Folding fewer than these saves nothing. */
const WORTH_FOLDING = 4

/**
 * @param {readonly Control[]} controls
 * @param {readonly string[]} common
 * @returns {{ first: Control[], folded: Control[] }}
 */
function sorted (controls, common) {
  if (common.length === 0 && controls.length <= FEW) return { first: [...controls], folded: [] }
  const place = (/** @type {Control} */ { field }) => {
    const index = common.indexOf(field.name)
    return index === -1 && field.required ? 0 : index
  }
  const first = controls
    .filter((control) => place(control) !== -1)
    .sort((one, other) => place(one) - place(other))
  const folded = controls.filter((control) => !first.includes(control))
  return folded.length < WORTH_FOLDING ? { first: [...first, ...folded], folded: [] } : { first, folded }
}

/** @param {readonly Control[]} controls @returns {{ element: HTMLElement, count: () => void }} */
function folder (controls) {
  const inside = el('div', { class: 'grid' }, ...controls.map(({ element }) => element))
  const none = el('p', { class: 'muted', hidden: true }, 'No field has this name or description.')
  const find = el('input', {
    type: 'search',
    'aria-label': 'Find a field',
    placeholder: 'Find a field',
    autocomplete: 'off',
    input: () => {
      const wanted = find.value.trim().toLowerCase()
      const hits = controls.filter(({ element, field: { name, description } }) => {
        const isHit = `${name} ${description}`.toLowerCase().includes(wanted)
        element.hidden = !isHit
        return isHit
      })
      none.hidden = hits.length > 0
    }
  })
  const summary = el('summary')
  const element = el(
    'details',
    { class: 'fold more' },
    summary,
    controls.length > FEW && el('div', { class: 'field find' }, find),
    inside,
    none
  )
  return {
    element,
    count: () => {
      const used = controls.filter((control) => control.read()).length
      summary.textContent = `${controls.length} more fields${used > 0 ? `, ${used} filled in` : ''}`
    }
  }
}

/** @param {string} pointer @returns {string} Name of the field that it points at. */
const fieldAt = (pointer) => pointer.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~') ?? ''

/**
 * @param {{ variant: import('./actions.js').Variant, operation: Operation, borrowed?: readonly Field[] }} given
 * @param {readonly string[]} common
 * @param {() => void} changed
 * @returns {Form}
 */
export function formOf ({ variant, operation, borrowed = [] }, common, changed) {
  const own = fieldsOf(operation, variant.media)
  const names = new Set(own.map(({ name }) => name))
  const fields = [...own, ...borrowed.filter(({ name }) => !names.has(name))]
  let count = () => {}
  const scope = `${variant.operation}-${variant.media?.replace(/\W/g, '-') ?? 'none'}`
  const examples = new Map(Object.entries(variant.values ?? {}))
  /** @type {readonly Control[]} */
  const controls = fields.map((field) =>
    controlOf(field, scope, () => {
      if (field.required) dropExamples(field.name)
      count()
      changed()
    })
  )
  /** @param {string} name An example of one asset is not meant for another. */
  const dropExamples = (name) => {
    if (
      !examples.has(name) ||
      controls.find(({ field }) => field.name === name)?.read() === examples.get(name)
    ) { return }
    for (const { field, read, write } of controls) {
      if (field.name !== name && examples.get(field.name) === read()) write('')
    }
    examples.clear()
  }
  const { first, folded } = sorted(controls, common)
  const fold = folder(folded)
  count = fold.count
  count()
  /** @param {Readonly<Record<string, string>>} values */
  const fill = (values) => {
    for (const { field, write } of controls) if (field.name in values) write(values[field.name] ?? '')
  }
  fill(variant.values ?? {})
  return {
    variant,
    controls,
    fill,
    element: el(
      'div',
      { class: 'fields' },
      el('div', { class: 'grid' }, ...first.map(({ element }) => element)),
      folded.length > 0 && fold.element
    ),
    values: () => Object.fromEntries(controls.map(({ field, read }) => [field.name, read()])),
    missing: () => controls.find(({ field, read }) => field.required && !read()),
    complain: (errors) => {
      for (const control of controls) {
        control.complain(
          errors
            .filter(({ pointer }) => fieldAt(pointer) === control.field.name)
            .map(({ message }) => message)
            .join('; ')
        )
      }
      const hidden = fold.element.querySelector('[aria-invalid]')
      if (hidden !== null) fold.element.setAttribute('open', '')
    }
  }
}
