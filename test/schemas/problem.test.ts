import t from 'tap'
import { problems } from '../../src/schemas/problem.ts'

const content = { 'application/problem+json': { schema: { $ref: 'Problem#' } } }

t.test('problems: one response per status, codes of the same status told together', async (t) => {
  const responses = problems('invalid_request', 'upstream_rejected', 'not_found')
  t.same(Object.keys(responses), ['400', '404', 'default'])
  t.match(responses, { 400: { description: /`invalid_request`.*`upstream_rejected`/, content } })
  t.match(responses, { default: { description: /`internal`/, content } }, 'and what may happen to every request')
})
