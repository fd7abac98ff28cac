import { COLORS } from '../../tokens.ts'
import RULES from './style.css'

/** Returns the variables of the style sheet: the page's tokens, or their defaults in a theme. */
const colors = (theme: 0 | 1): string =>
  Object.entries(COLORS).map(([name, values]) => `--${name}:var(--cg-${name},${values[theme]})`).join(';')

const LIGHT = `{color-scheme:light;${colors(0)}}`
const DARK = `{color-scheme:dark;${colors(1)}}`

export const STYLE = `.root${LIGHT}@media (prefers-color-scheme:dark){.root${DARK}}
.root[data-theme=light]${LIGHT}.root[data-theme=dark]${DARK}${RULES}`
