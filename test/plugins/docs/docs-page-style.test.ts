import t from 'tap'
import { STYLES } from '../../../src/plugins/docs/docs-page-style.ts'

t.test('the style sheet', async (t) => {
  t.test('uses tokens that are defined, and no colour of its own', async (t) => {
    const defined = new Set([...STYLES.matchAll(/(--cg-[\w-]+):/g)].map(([, name]) => name))
    const used = new Set([...STYLES.matchAll(/var\((--cg-[\w-]+)\)/g)].map(([, name]) => name))
    t.same([...used].filter((name) => !defined.has(name)), [])
    t.same([...STYLES.matchAll(/(?<!--cg-[\w-]+:)#[0-9a-f]{3,8}\b/g)].map(([colour]) => colour), [])
  })
  t.test('loads nothing: neither fonts nor pictures', async (t) => {
    t.notMatch(STYLES, /url\(|@import|@font-face/)
  })
  t.test('its braces match', async (t) => {
    t.equal(STYLES.split('{').length, STYLES.split('}').length)
  })
})
