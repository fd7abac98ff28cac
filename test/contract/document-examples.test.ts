import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { SANDBOX_CLOUDS, sandboxEnvironments } from '../../src/config/environments/sandbox-environments.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { testConfig } from '../support/gateway.ts'
import { OpenApi, type DocumentedOperation } from '../support/openapi.ts'

const picture = new Blob([readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))])

/** A gateway as `npm start` starts it on a fresh machine. */
async function startFresh (t: Test) {
  const sandbox = await startSandbox({ samples: true, clouds: [...SANDBOX_CLOUDS] })
  t.teardown(() => sandbox.close())
  const config = testConfig(sandboxEnvironments(sandbox.url), { defaultEnvironment: 'production' })
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

/** Operations in the order of the document, but deletions last. */
const inOrder = (operations: readonly DocumentedOperation[]): DocumentedOperation[] =>
  [...operations].sort((one, other) => Number(one.method === 'DELETE') - Number(other.method === 'DELETE'))

t.test('every operation has a description, a 4xx and an example that works on a fresh start', async (t) => {
  const { app, url } = await startFresh(t)
  const openapi = new OpenApi(app)
  const { operations } = openapi
  t.ok(operations.length >= 19, `${operations.length} operations`)
  const answers = new Map<string, Record<string, unknown>>()
  for (const operation of inOrder(operations)) {
    const { operationId, description, parameters, requestBody, responses } = operation
    t.ok(description, `${operationId} has a description`)
    t.ok(Object.keys(responses).some((status) => status.startsWith('4')), `${operationId} has a 4xx`)
    const values = Object.fromEntries(
      parameters.flatMap(({ name, example }) => example === undefined ? [] : [[name, example]])
    )
    const [[mediaType, media] = []] = Object.entries(requestBody?.content ?? {})
    const { content: { 'application/json': { example: shown } = {} } = {} } = openapi.resolved(
      responses['200'] ?? {}
    )
    t.ok(media?.example ?? shown ?? Object.keys(values).length > 0, `${operationId} has an example`)
    // No document can hold a signature that is good today: the one that was asked for just before is.
    const signed = operationId === 'directUpload'
      ? {
          ...answers.get('generateSignature')?.['fields'] as object
        }
      : undefined
    const body = mediaType === 'multipart/form-data'
      ? { ...signed ?? media?.example as object, file: picture }
      : media?.example
    const answer = await fetch(openapi.request(operation, { values, mediaType, body }, url))
    t.equal(answer.status, 200, operationId)
    answers.set(
      operationId, await answer.clone().json() as Record<string, unknown>
    ) // each answers with an object
    t.same(await openapi.judge(operation, answer), [], `${operationId} answers as documented`)
    if (shown !== undefined) {
      t.same(
        Object.keys(answers.get(operationId) ?? {}).sort(),
        Object.keys(shown as object).sort(),
        `${operationId}: the answer shown`
      )
    }
  }
})
