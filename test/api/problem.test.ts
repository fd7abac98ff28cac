import t from 'tap'
import { GatewayProblem, GatewayUnreachable } from '../../src/api/problem.ts'

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers })

t.test('GatewayProblem', async (t) => {
  t.test('carries what the document says', async (t) => {
    const errors = [{ pointer: '/tags/0', message: 'must be text' }]
    const told = { code: 'overloaded', detail: 'Full.', advice: 'Wait.', retryable: true }
    const document = { ...told, request_id: 'r1', errors }
    const problem = new GatewayProblem(answer(503, { 'retry-after': '7' }), document)
    t.match(problem, {
      name: 'GatewayProblem',
      message: 'Full.',
      status: 503,
      code: 'overloaded',
      advice: 'Wait.',
      errors,
      requestId: 'r1',
      retryable: true,
      retryAfterSeconds: 7,
      document
    })
    t.ok(problem instanceof Error)
  })

  t.test('names an answer that is not from the gateway', async (t) => {
    for (const body of ['<h1>Bad Gateway</h1>', undefined, { error: 'x' }, null]) {
      t.match(new GatewayProblem(answer(502, { 'x-request-id': 'proxy', 'retry-after': 'soon' }), body), {
        code: 'unexpected_answer',
        status: 502,
        requestId: 'proxy',
        retryable: true,
        errors: [],
        retryAfterSeconds: undefined,
        document: undefined
      })
    }
    t.match(new GatewayProblem(answer(404), ''), { retryable: false, requestId: undefined })
  })
})

t.test('GatewayUnreachable has a name of its own', async (t) => {
  t.equal(new GatewayUnreachable('x').name, 'GatewayUnreachable')
})
