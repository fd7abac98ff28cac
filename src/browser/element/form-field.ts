import type { Surface } from './drawing/surface.ts'
import type { Queue } from './queue.ts'
import { isActive } from './row.ts'
import type { Settings } from './settings.ts'
import type { Words } from './words/words.ts'

/** What is inside the element, as far as its form is concerned. */
interface Inside {
  readonly host: Settings
  readonly words: Words
  readonly queue: Queue
  readonly shadow: Surface
}

/** What the form of an element knows of it. */
export class FormField {
  readonly #internals: ElementInternals
  readonly #panel: Inside

  constructor (internals: ElementInternals, panel: Inside) {
    this.#internals = internals
    this.#panel = panel
  }

  /** Tells the form what it may send, and what is kept for a page that people come back to. */
  keepValue (): void {
    const { host: { name, value, assets } } = this.#panel
    const entries = new FormData()
    for (const id of value) entries.append(name, id)
    this.#internals.setFormValue(name ? entries : null, JSON.stringify(assets))
    this.updateForm()
  }

  /** Tells the form whether it may be sent. */
  updateForm (): void {
    const { host: { required, assets }, words, queue, shadow } = this.#panel
    const isUnfinished = queue.rows.some(isActive)
    const isMissing = required && assets.length === 0
    const text = isUnfinished ? words.text('unfinished') : isMissing ? words.text('missing') : ''
    const flags = { customError: isUnfinished, valueMissing: isMissing && !isUnfinished }
    this.#internals.setValidity(flags, text, shadow.chooseButton)
  }
}
