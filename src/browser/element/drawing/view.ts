import { nearest } from '../attributes.ts'
import { h, type Drawn } from './dom.ts'
import { describe, type Limits } from '../limits.ts'
import { bar, button, icon, iconButton } from './parts.ts'
import type { Shown } from '../problem.ts'
import { resultText, sumOf, totalText } from '../row.ts'
import { detailsText, rowView, type RowActions } from './row-view.ts'

/** Where files may come from. */
export type Source = 'file' | 'camera' | 'url'

/** State of the element and actions of its buttons. */
export interface Model extends RowActions {
  readonly limits: Limits
  readonly host: HTMLElement
  readonly isDisabled: boolean
  /** Reason why nothing may be uploaded. */
  readonly closed: Shown | undefined
  readonly noted: string
  /** Effect of a drop. Undefined while nothing is dragged. */
  readonly veil: { readonly text: string, readonly isGood: boolean } | undefined
  readonly isLinkOpen: boolean
  readonly linkFault: string
  offers (source: Source): boolean
  choose (isCamera?: boolean): void
  openLink (isOpen: boolean): void
  takeLink (): void
  configure (isForced: boolean): void
  cancelAll (): void
}

function closedField (model: Model, problem: Shown): Drawn {
  return h('div.field.closed', {},
    h('span.sign', {}, icon('alert')),
    h('p.invite', { dir: 'auto' }, problem.sentence),
    problem.mayRetry && button('button', model.words.text('retry'), () => { model.configure(true) }),
    problem.details[0] && detailsText(problem))
}

function linkForm (model: Model): Drawn {
  const { words, isDisabled: disabled, linkFault } = model
  const close = (): void => { model.openLink(false) }
  const take = (): void => { model.takeLink() }
  const onkeydown = ({ key, isComposing }: KeyboardEvent): void => {
    if (key === 'Enter' && !isComposing) take()
    if (key === 'Escape') close()
  }
  return h('div.link', {},
    h('input', {
      id: 'link',
      type: 'url',
      dir: 'ltr',
      placeholder: 'https://',
      autocomplete: 'off',
      'aria-label': words.text('linkLabel'),
      'aria-invalid': String(linkFault !== ''),
      'aria-describedby': 'fault',
      disabled,
      onkeydown,
      oninput: (event: Event) => { event.stopPropagation() }
    }),
    button('button.primary', words.text('linkStart'), take, { disabled }),
    iconButton('close', words.text('close'), close),
    h('p.fault', { id: 'fault', role: 'alert' }, linkFault))
}

function choices (model: Model): Drawn {
  const { words, isDisabled: disabled, queue: { rows }, limits: { maxFiles } } = model
  const isFirst = rows.length === 0
  const further = maxFiles === 1 ? 'another' : 'more'
  const label = words.text(isFirst ? 'choose' : further, { n: maxFiles })
  const other = (source: Source, text: 'camera' | 'link', act: () => void): Drawn | false =>
    model.offers(source) && button(`button.quiet.${text}`, words.text(text), act, { disabled })
  return h('div.choices', {},
    model.offers('file') && button(isFirst ? 'button.primary' : 'button', label, () => { model.choose() }, {
      id: 'choose', disabled, 'aria-describedby': 'rules'
    }),
    other('camera', 'camera', () => { model.choose(true) }),
    other('url', 'link', () => { model.openLink(true) }))
}

function field (model: Model): Drawn {
  const { words, limits, queue: { rows, isFull }, closed, isLinkOpen } = model
  if (closed) return closedField(model, closed)
  const isEmpty = rows.length === 0
  // A click beside the buttons chooses files, too.
  const onclick = ({ target }: MouseEvent): void => {
    // The target of a mouse event is an element.
    if (model.offers('file') && !(target as Element).closest('button,.link')) model.choose()
  }
  const limitsText = isFull ? words.text('tooMany', { n: limits.maxFiles }) : describe(limits, words)
  return h('div.field', { 'data-empty': isEmpty, onclick },
    isEmpty && h('span.sign', {}, icon('up')),
    isEmpty && model.offers('file') && h('p.invite', {}, words.text('invite', { n: limits.maxFiles })),
    !isFull && (isLinkOpen ? linkForm : choices)(model),
    h('p.rules', { id: 'rules' }, limitsText))
}

/** Draws the line for all files. It keeps its height when they have ended, so that no row jumps. */
function totalView (model: Model): Drawn {
  const { words } = model
  const sum = sumOf(model.queue.rows)
  return h('div.total', { 'data-bad': sum.failed > 0 },
    h('span.line', {},
      !sum.active && icon(sum.failed ? 'alert' : 'check'),
      (sum.active ? totalText : resultText)(sum, words)),
    sum.active > 0 && button('button.quiet', words.text('cancelAll'), () => { model.cancelAll() }),
    sum.active ? bar(sum.total ? sum.loaded / sum.total : undefined, words.text('label')) : h('div.bar.gone'))
}

/** Draws the whole element. */
export function view (model: Model): Drawn {
  const { queue: { rows }, words, noted, veil, host, limits } = model
  return h('div.root', {
    dir: words.direction,
    lang: words.locale,
    'data-theme': nearest(host, 'data-theme'),
    'data-disabled': model.isDisabled
  },
  field(model),
  noted !== '' && h('p.note', {}, icon('alert'), h('span', { dir: 'auto' }, noted)),
  limits.maxFiles > 1 && rows.length > 0 && totalView(model),
  rows.length > 0 && h('ul.list', { role: 'list', 'aria-label': words.text('label') },
    ...rows.map((row) => rowView(row, model))),
  veil && h('div.veil', { 'data-bad': !veil.isGood },
    icon(veil.isGood ? 'up' : 'alert'),
    h('span', {}, veil.text)))
}
