/** @typedef {Node | string | undefined | false} Child */
/** @typedef {string | number | boolean | undefined | ((event: any) => void)} Given */

/**
 * Makes an element. Texts are set as texts, never read as HTML.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Readonly<Record<string, Given>>} [given] Attributes, and listeners by the name of their event.
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el (tag, given = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value))
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

/** @param {string} text Plain text with code spans. @returns {Child[]} */
export function prose (text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part))
}

/** Strokes of the icons, in a square of 16. */
const STROKES = {
  good: 'M3 8.5 6.5 12 13 4.5',
  bad: 'M8 4v5M8 11.7v.3M8 1.5 15 14H1z',
  wait: 'M8 4v4l2.5 2.5M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  back: 'M10 3 5 8l5 5',
  next: 'm6 3 5 5-5 5'
}

const SVG = 'http://www.w3.org/2000/svg'

/**
 * @param {keyof typeof STROKES} name
 * @returns {SVGElement} A picture that says nothing which the text beside it does not say.
 */
export function icon (name) {
  const picture = document.createElementNS(SVG, 'svg')
  for (const [key, value] of [
    ['viewBox', '0 0 16 16'],
    ['class', 'icon'],
    ['aria-hidden', 'true']
  ]) { picture.setAttribute(String(key), String(value)) }
  const line = document.createElementNS(SVG, 'path')
  line.setAttribute('d', STROKES[name])
  picture.append(line)
  return picture
}

/** @param {string} text @returns {Promise<boolean>} Whether it is in the clipboard now. */
async function copied (text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false // pages that are not served over https have none but on this machine
  }
}

/**
 * A block of code with a button that copies it. The text may change later.
 * @param {string} label What it is, for the button and for screen readers.
 * @returns {{ element: HTMLElement, show: (text: string) => void }}
 */
export function codeBlock (label) {
  const code = el('code')
  const word = el('span', { 'aria-live': 'polite' }, 'Copy')
  const button = el(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': `Copy ${label}`,
      click: async () => {
        if (await copied(code.textContent ?? '')) word.textContent = 'Copied'
        else window.getSelection()?.selectAllChildren(code)
      }
    },
    icon('copy'),
    word
  )
  const body = el('pre', { tabindex: 0, role: 'region', 'aria-label': label }, code)
  return {
    element: el(
      'div',
      { class: 'code' },
      el('div', { class: 'code-head' }, el('span', { class: 'muted' }, label), button),
      body
    ),
    show: (text) => {
      if (code.textContent === text) return
      code.textContent = text
      word.textContent = 'Copy'
    }
  }
}
