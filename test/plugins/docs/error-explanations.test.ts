import t from 'tap'
import { ERRORS } from '../../../src/errors.ts'
import { ERROR_EXPLANATIONS } from '../../../src/plugins/docs/error-explanations.ts'
import { VARIABLES } from '../../../src/config/variables.ts'

t.test('every code is explained in whole sentences', async (t) => {
  t.same(Object.keys(ERROR_EXPLANATIONS), Object.keys(ERRORS), 'in the order of the table')
  for (const [code, { meaning, reasons }] of Object.entries(ERROR_EXPLANATIONS)) {
    t.ok(reasons.length > 0, code)
    for (const text of [meaning, ...reasons]) t.match(text, /^[A-Z`][^]{15,}\.$/, code)
  }
})

t.test('the variables that are named exist', async (t) => {
  const known = new Set(VARIABLES.map(({ name }) => name.replace(/_FILE$/, '')))
  const named = [...JSON.stringify(ERROR_EXPLANATIONS).matchAll(/`([A-Z]+_[A-Z_]+)\b/g)].map(([, name = '']) => name)
  t.ok(named.length > 10)
  t.same(named.filter((name) => !known.has(name)), [])
})
