import t from 'tap'
import { TOKENS } from '../../src/browser/tokens.ts'

/** Relative luminance of a color. Source: WCAG 2.2, "relative luminance". */
function luminance (hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast (one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

t.test('text can be read in both themes, on the page and on its surfaces', async (t) => {
  for (const theme of ['light', 'dark']) {
    const [, block = ''] = new RegExp(`\\[data-theme=${theme}\\]\\{([^}]+)\\}`).exec(TOKENS) ?? []
    const tokens = Object.fromEntries(
      [...block.matchAll(/--cg-([\w-]+):(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value])
    )
    for (const color of ['text', 'muted', 'accent', 'good', 'warn', 'bad']) {
      for (const ground of ['bg', 'surface']) {
        t.ok(
          contrast(String(tokens[color]), String(tokens[ground])) >= 4.5, `${color} on ${ground}, ${theme}`
        )
      }
    }
    t.ok(contrast(String(tokens['on-accent']), String(tokens['accent'])) >= 4.5, `on-accent, ${theme}`)
  }
})
