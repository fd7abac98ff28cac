import { draw, type Drawn } from './dom.ts'
import { shorten } from './shorten.ts'
import { STYLE } from './style.ts'

let sheet: CSSStyleSheet | undefined

/** One sheet for all elements of a page, made by script: a strict content security policy allows that. */
function sharedSheet (): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
  }
  return sheet
}

function make<Name extends 'input' | 'div'> (
  name: Name, properties: Partial<HTMLElementTagNameMap[Name]>
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties)
}

/** The shadow tree of an element: what is drawn, the file inputs, and the line that screen readers hear. */
export class Surface {
  readonly root: ShadowRoot
  readonly #body = document.createElement('div')
  readonly #input = make('input', { type: 'file', hidden: true })
  readonly #spoken = make('div', { className: 'unseen' })
  #lines: string[] = []

  constructor (host: HTMLElement, onFiles: (files: File[]) => void, onResize: () => void) {
    this.root = host.attachShadow({ mode: 'open', delegatesFocus: true })
    this.root.adoptedStyleSheets = [sharedSheet()]
    this.#spoken.role = 'status'
    this.#body.className = 'root'
    this.root.append(this.#body, this.#input, this.#spoken)
    new ResizeObserver(onResize).observe(this.#body)
    // The element fires events of its own, so these stay inside.
    this.#input.addEventListener('input', (event) => { event.stopPropagation() })
    this.#input.addEventListener('change', (event) => {
      event.stopPropagation()
      const files = [...this.#input.files ?? []]
      this.#input.value = '' // the same file may be chosen again
      onFiles(files)
    })
  }

  get chooseButton (): HTMLElement | undefined {
    return this.#find('button')
  }

  get linkText (): string {
    return (this.#find('#link') as HTMLInputElement | undefined)?.value.trim() ?? ''
  }

  #find (selector: string): HTMLElement | undefined {
    return this.root.querySelector<HTMLElement>(selector) ?? undefined
  }

  focus (selector: string): void {
    this.#find(selector)?.focus({ preventScroll: true })
  }

  /** Opens the browser's own dialog, or the camera of a phone. */
  pick (accept: string, isMultiple: boolean, isCamera = false): void {
    this.#input.accept = accept
    this.#input.multiple = isMultiple
    this.#input.removeAttribute('capture')
    if (isCamera) this.#input.setAttribute('capture', 'environment')
    this.#input.click()
  }

  /** Has screen readers say a line, together with others of the same moment. */
  say (line: string): void {
    if (this.#lines.push(line) > 1) return
    setTimeout(() => {
      this.#spoken.textContent = this.#lines.join(' ')
      this.#lines = []
    }, 100)
  }

  /** Draws. When the focused button or its row has gone, a button near it gets the focus. */
  draw (view: Drawn): void {
    const active = this.root.activeElement
    const row = active?.closest('li')
    const next = row?.nextElementSibling ?? row?.previousElementSibling
    draw(this.#body, view)
    shorten(this.#body.querySelectorAll<HTMLElement>('.name'))
    if (!active || active.isConnected) return
    const near = (row?.isConnected ? row : next)?.querySelector<HTMLElement>('.end')
    if (near) near.focus()
    else this.focus('#link,button')
  }

  /** Scrolls something into view, unless it is visible already. */
  show (selector: string): void {
    this.#find(selector)?.scrollIntoView({ block: 'nearest' })
  }
}
