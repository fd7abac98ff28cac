import t from 'tap'
import { TOKENS } from '../../../src/plugins/docs/tokens.ts'

type Theme = Readonly<Record<string, string>>

/** Colours of each block of the sheet, by name. */
const themes: Theme[] = [...TOKENS.matchAll(/\{([^{}]*)\}/g)].map(([, block = '']) =>
  Object.fromEntries([...block.matchAll(/--(cg-[\w-]+): (#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value])))

/** Source: WCAG 2.2, "relative luminance". */
function luminance (colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast (one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

t.test('tokens', async (t) => {
  t.test('light, dark by the system and dark by choice have the same colours', async (t) => {
    t.equal(themes.length, 3)
    const [light = {}, dark = {}, chosen = {}] = themes
    t.same(Object.keys(dark), Object.keys(light))
    t.same(chosen, dark)
    t.notSame(light, dark)
    t.equal(contrast('#000000', '#ffffff'), 21, 'the measure is right')
  })
  t.test('texts are legible: at least 4.5:1 on the page and on cards', async (t) => {
    for (const theme of themes) {
      const at = (name: string): string => theme[`cg-${name}`] ?? '#000000'
      for (const name of ['text', 'muted', 'accent', 'good', 'warn', 'bad']) {
        for (const ground of ['bg', 'surface']) {
          t.ok(contrast(at(name), at(ground)) >= 4.5, `${name} on ${ground}: ${contrast(at(name), at(ground))}`)
        }
      }
      t.ok(contrast(at('on-accent'), at('accent')) >= 4.5, 'words on buttons')
    }
  })
})
