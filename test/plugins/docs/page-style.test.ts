import t from 'tap'
import { PAGE_STYLE } from '../../../src/plugins/docs/page-style.ts'

t.test('a rule refers to tokens alone for its colors', async (t) => {
  const rules = PAGE_STYLE.replace(/--cg-[\w-]+:#[0-9a-f]{6}/g, '')
  t.notMatch(rules, /#[0-9a-f]{3,8}\b|rgba?\(|hsl/)
  for (const [, name = ''] of rules.matchAll(/var\((--cg-[\w-]+)\)/g)) t.match(PAGE_STYLE, `${name}:`)
})
