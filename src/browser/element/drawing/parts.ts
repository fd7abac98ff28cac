import { h, type Drawn } from './dom.ts'

/** Strokes of a 24 by 24 grid. */
const ICONS = {
  up: 'M12 16V4M7 9l5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5v14l11-7z',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 9v5M12 17.5v.01M12 3.5 2.5 20h19z'
} as const
export type Icon = keyof typeof ICONS

export const icon = (name: Icon): Drawn =>
  h('svg.icon', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, h('path', { d: ICONS[name] }))

/** A button. `kind` adds classes: `primary`, `quiet`. */
export function button (
  kind: string, content: Drawn | string, onclick: () => void, props: object = {}
): Drawn {
  return h(`button.${kind}`, { type: 'button', onclick, ...props }, content)
}

/** A button that shows an icon. Its label is spoken, and shown on hover. */
export const iconButton = (name: Icon, label: string, onclick: () => void, kind = ''): Drawn =>
  button(`icon-button${kind}`, icon(name), onclick, { 'aria-label': label, title: label })

/** A progress bar from 0 to 1. Without a value, the progress is unknown. */
export function bar (value: number | undefined, label: string): Drawn {
  return h('div.bar', {
    role: 'progressbar',
    'aria-label': label,
    'aria-valuenow': value && Math.round(value * 100)
  }, h(value === undefined ? 'i.busy' : 'i', { style: `--part:${value ?? 1}` }))
}

/** A name that `shorten` may cut. Screen readers say `spoken`, which is whole. */
export const fileName = (name: string, spoken = name): readonly Drawn[] => [
  h('span.unseen', {}, spoken),
  h('span.name', { dir: 'auto', 'aria-hidden': 'true', title: name }, name)
]
