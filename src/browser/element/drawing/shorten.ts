import { extensionOf } from '../limits.ts'

let pen: CanvasRenderingContext2D | null

/**
 * Cuts names that do not fit in the middle, so that extensions stay visible. CSS can only cut the end, and
 * two texts side by side leave a gap of up to one letter.
 */
export function shorten (boxes: Iterable<HTMLElement>): void {
  // Everything is measured before anything is written: one layout is enough.
  for (const [box, room, whole] of [...boxes].map(
    (box) => [box, box.clientWidth, box.scrollWidth] as const)) {
    if (whole <= room) continue
    // Not null: nobody asks this canvas for another kind of context.
    pen ??= document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D
    pen.font = '500 14px ' + getComputedStyle(box).fontFamily // as the style sheet has it
    const letters = [...box.title]
    const end = letters.splice(-5 - extensionOf(box.title).length)
    letters.splice(letters.length * room / whole)
    do box.textContent = [...letters, '…', ...end].join('')
    while (pen.measureText(box.textContent).width > room && letters.pop())
  }
}
