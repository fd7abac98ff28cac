import type { Surface } from './drawing/surface.ts'
import type { Queue } from './queue.ts'
import { isActive } from './row.ts'
import type { Settings } from './settings.ts'
import type { Words } from './words/words.ts'

/** The part of the panel that the form field reads. */
interface Inside {
  readonly host: Settings
  readonly words: Words
  readonly queue: Queue
  readonly shadow: Surface
}

/** The element as a field of its form: value and validity. */
export class FormField {
  readonly #internals: ElementInternals
  readonly #panel: Inside

  constructor (internals: ElementInternals, panel: Inside) {
    this.#internals = internals
    this.#panel = panel
  }

  /** Sets what the form sends, and what the browser restores when people come back to the page. */
  keepValue (): void {
    const { host: { name, value, assets } } = this.#panel
    const entries = new FormData()
    for (const id of value) entries.append(name, id)
    this.#internals.setFormValue(name ? entries : null, JSON.stringify(assets))
    this.updateForm()
  }

  /** Sets whether the form may be sent. */
  updateForm (): void {
    const { host: { required, assets }, words, queue, shadow } = this.#panel
    const isUnfinished = queue.rows.some(isActive)
    const isMissing = required && assets.length === 0
    const text = isUnfinished ? words.text('unfinished') : isMissing ? words.text('missing') : ''
    const flags = { customError: isUnfinished, valueMissing: isMissing && !isUnfinished }
    this.#internals.setValidity(flags, text, shadow.chooseButton)
  }
}
