import { h, type Drawn } from './dom.ts'
import { extensionOf } from '../limits.ts'
import { bar, button, fileName, icon, iconButton } from './parts.ts'
import type { Shown } from '../problem.ts'
import { isActive, type Row } from '../row.ts'
import type { Queue } from '../queue.ts'
import { webUrl, type Thumbnails } from './thumbnails.ts'
import type { Words } from '../words/words.ts'

/** The part of the element that a row uses. */
export interface RowActions {
  readonly words: Words
  readonly queue: Queue
  readonly thumbnails: Thumbnails
  toggle (row: Row): void
}

function picture (row: Row, src: string | undefined): Drawn {
  return h('span.thumbnail', { 'aria-hidden': 'true' }, src
    ? h('img', { src, alt: '' })
    : (extensionOf(row.name) || row.type.replace(/^.*\//, '')).slice(0, 4).toUpperCase())
}

/** Draws the name: a link once the asset is stored. */
function title ({ name, asset }: Row, words: Words): Drawn {
  const href = asset && webUrl(asset.secure_url)
  return h('div.title', {}, ...href
    ? [h('a', { href, target: '_blank', rel: 'noreferrer' }, ...fileName(name, words.text('open', { name })))]
    : fileName(name))
}

/** Draws the size, and in a wide row also how much of it has been sent. */
function amount ({ state, size, loaded }: Row, words: Words): Drawn {
  const total = size === undefined ? '' : words.size(size)
  if (!total || !/^(up|pa|re)/.test(state)) return h('span.amount', {}, total)
  const both = words.text('loaded', { loaded: words.size(loaded), total })
  return h('span.amount', {}, h('span.wide', {}, both), h('span.small', {}, total))
}

/** Draws the end of the line: speed and time left, or a word for the state. */
function status ({ state, bytesPerSecond, secondsLeft }: Row, words: Words): Drawn {
  if (state === 'uploading' && bytesPerSecond > 0) {
    const time = secondsLeft === null ? '' : words.text('rowLeft', { time: words.time(secondsLeft) })
    const speed = words.size(bytesPerSecond, '-per-second')
    return h('span.state', {}, h('span.wide', {}, speed), h('span', {}, time))
  }
  const sign = state === 'done' ? icon('check') : state === 'retrying' && icon('alert')
  // A failed row shows its problem instead.
  return h(`span.state.${state}`, {}, sign, words.text(state as Exclude<Row['state'], 'failed'>))
}

function progress ({ state, size, loaded, name }: Row): Drawn {
  if (state === 'done') return h('div.bar.gone')
  const isKnown = state === 'waiting' || (state !== 'processing' && size)
  return bar(isKnown ? loaded / (size || 1) : undefined, name)
}

/** Draws the details that help whoever is asked about a problem. */
export function detailsText ({ details }: Shown): Drawn {
  return h('pre', { dir: 'ltr' }, details.join('\n'))
}

function details (id: string, problem: Shown, words: Words): Drawn {
  const text = detailsText(problem)
  const copy = async (event?: Event): Promise<void> => {
    const target = event?.currentTarget as HTMLElement // the button
    await navigator.clipboard.writeText(String(text.children[0]))
    target.textContent = words.text('copied')
  }
  return h('div.panel', { id }, text, button('button.quiet', words.text('copy'), copy))
}

/** Draws the buttons of a failed row, except the one that removes it. */
function extras (row: Row, id: string, model: RowActions): Drawn {
  const { name, problem, isOpen = false } = row
  const one = (kind: string, action: 'details' | 'retry', act: () => void, props: object = {}): Drawn => {
    const label = model.words.text(action)
    return button(kind, label, act, { 'aria-label': `${label}: ${name}`, ...props })
  }
  return h('div.extras', {},
    problem?.mayRetry && one('button', 'retry', () => { model.queue.retry(row) }),
    problem?.details[0] && one('button.quiet', 'details', () => { model.toggle(row) }, {
      'aria-expanded': String(isOpen), 'aria-controls': id
    }))
}

function buttons (row: Row, { words, queue }: RowActions): Drawn {
  const named = (action: 'pause' | 'resume' | 'cancel' | 'remove'): string =>
    `${words.text(action)}: ${row.name}`
  const mayPause = isActive(row) && row.upload && row.state !== 'processing'
  return h('div.buttons', {},
    mayPause && (row.state === 'paused'
      ? iconButton('play', named('resume'), () => { queue.resume(row) })
      : iconButton('pause', named('pause'), () => { queue.pause(row) })),
    iconButton('close', named(isActive(row) ? 'cancel' : 'remove'), () => { queue.remove(row) }, '.end'))
}

/** Draws one line of the list. Its height does not depend on its state, except for a long problem. */
export function rowView (row: Row, actions: RowActions): Drawn {
  const { words } = actions
  const { problem } = row
  const id = `d${row.id}`
  return h('li.row', { id: `r${row.id}`, 'data-state': row.state },
    picture(row, actions.thumbnails.urlOf(row)),
    h('div.middle', {}, title(row, words), ...problem
      ? [h('p.sentence', {}, icon('alert'), h('span', { dir: 'auto' }, problem.sentence))]
      : [progress(row), h('div.line', {}, amount(row, words), status(row, words))]),
    problem && extras(row, id, actions),
    buttons(row, actions),
    problem && row.isOpen && details(id, problem, words))
}
