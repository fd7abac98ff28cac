import t from 'tap'
import fastify from 'fastify'
import { UploadRules, type UploadRulesAnswer } from '../../src/schemas/upload-rules.ts'

t.test('the example passes as an answer unchanged, and so does null where it may stand', async (t) => {
  const [example] = UploadRules['examples'] as UploadRulesAnswer[]
  const open = {
    ...example,
    reason: 'No.',
    formats: null,
    max_bytes: null,
    presets: null,
    folder: { forced: null, patterns: ['a'] }
  }
  const app = fastify({ ajv: { customOptions: { keywords: ['x-component'] } } })
  t.teardown(() => app.close())
  app.get(
    '/',
    { schema: { response: { 200: UploadRules } } },
    async ({ query }) => 'open' in (query as object) ? open : example
  )
  t.strictSame((await app.inject('/')).json(), example)
  t.strictSame((await app.inject('/?open')).json(), open)
})
