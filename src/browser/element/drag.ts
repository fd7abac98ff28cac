import { faultOf, type Candidate, type Limits } from './limits.ts'
import { filesOf } from './dropped.ts'
import type { Words } from './words/words.ts'

export interface Veil { readonly text: string, readonly isGood: boolean }

/** Receiver of files that are dragged over, dropped or pasted. */
export interface DropTarget {
  readonly words: Words
  readonly limits: Limits
  /** False while nothing may be added. */
  readonly isOpen: boolean
  offers (source: 'file'): boolean
  showVeil (veil: Veil | undefined): void
  take (files: readonly File[]): void
}

/** Returns a text about what a drop would do, as far as the browser tells what is dragged. */
export function veilOf ({ items }: DataTransfer, limits: Limits, words: Words): Veil {
  const files = [...items].filter(({ kind }) => kind === 'file')
  const count = files.length
  if (limits.maxFiles === 1 && count > 1) return { text: words.text('tooMany', { n: 1 }), isGood: false }
  // Browsers hide names and sizes until the drop. Unknown values pass here and are judged then.
  const faults = files.map((item): Candidate => item.getAsFile() ?? { name: '', type: item.type })
    .map((file) => faultOf(file, limits)).filter(Boolean)
  if (faults.length === 0) return { text: words.text('drop', { n: Math.max(count, 1) }), isGood: true }
  const name = faults.every((fault) => fault === 'tooLarge') ? 'dropLarge' : 'dropForbidden'
  return { text: words.text(name, { n: faults.length, all: count }), isGood: false }
}

/** Listens on the whole element, whose size does not change while something is dragged over it. */
export function listenForFiles (element: HTMLElement, target: DropTarget): void {
  const isOpen = (): boolean => target.isOpen && target.offers('file')
  const over = (event: DragEvent): void => {
    const { dataTransfer } = event
    if (!dataTransfer?.types.includes('Files')) return
    // Otherwise the browser opens the file in place of the page, even if the element refuses it.
    event.preventDefault()
    dataTransfer.dropEffect = isOpen() ? 'copy' : 'none'
    if (isOpen()) target.showVeil(veilOf(dataTransfer, target.limits, target.words))
  }
  element.addEventListener('dragenter', over)
  element.addEventListener('dragover', over)
  element.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && element.contains(relatedTarget))) target.showVeil(undefined)
  })
  element.addEventListener('drop', (event) => {
    target.showVeil(undefined)
    const { dataTransfer } = event
    if (!dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    if (isOpen()) filesOf(dataTransfer).then((files) => { target.take(files) })
  })
  element.addEventListener('paste', (event) => {
    const files = [...event.clipboardData?.files ?? []]
    if (files.length === 0 || !isOpen()) return
    event.preventDefault()
    target.take(files)
  })
}
