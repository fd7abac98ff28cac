import t from 'tap'
import { problems } from '../../src/schemas/problem.ts'

t.test('problems: one response per status, codes of the same status told together', async (t) => {
  const responses = problems('invalid_request', 'upstream_rejected', 'not_found')
  t.same(Object.keys(responses), ['400', '404'])
  t.match(responses, { 400: { description: /`invalid_request`.*`upstream_rejected`/, content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } } })
})
