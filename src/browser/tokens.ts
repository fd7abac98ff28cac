/** Light and dark values of the colors that every page refers to. */
export const COLORS = {
  bg: ['#ffffff', '#0f1217'],
  surface: ['#f7f8fa', '#171b22'],
  line: ['#e3e6eb', '#2a303a'],
  text: ['#14181f', '#eef1f5'],
  muted: ['#5b6472', '#9aa4b2'],
  accent: ['#3448c5', '#8ea0ff'],
  'on-accent': ['#ffffff', '#0f1217'],
  good: ['#13795b', '#5bd6a9'],
  warn: ['#8a5a00', '#f0b429'],
  bad: ['#b3261e', '#ff8a80']
} as const satisfies Record<string, readonly [light: string, dark: string]>

const colors = (theme: 0 | 1): string =>
  Object.entries(COLORS).map(([name, values]) => `--cg-${name}:${values[theme]}`).join(';')

/** Sizes and typefaces, the same in both themes. */
const SIZES = '--cg-radius:10px;--cg-radius-control:8px;--cg-radius-thumbnail:6px;--cg-space:4px;--cg-font:system-ui,sans-serif;' +
  '--cg-mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace'

const sheet = (): string => `
:root{color-scheme:light dark;${SIZES};${colors(0)}}
@media (prefers-color-scheme:dark){:root{${colors(1)}}}
[data-theme=light]{color-scheme:light;${colors(0)}}
[data-theme=dark]{color-scheme:dark;${colors(1)}}
`

/** Custom properties of every page. Dark follows the system unless `data-theme` says otherwise. */
export const TOKENS = /* @__PURE__ */ sheet() // so that the bundle of the element leaves it out
