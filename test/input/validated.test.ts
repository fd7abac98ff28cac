import { Type } from '@sinclair/typebox'
import fastify from 'fastify'
import t from 'tap'
import { validated } from '../../src/input/validated.ts'
import errorHandler from '../../src/plugins/http/error-handler.ts'

const Pet = Type.Object({ name: Type.String({ minLength: 1 }), age: Type.Integer() }, { additionalProperties: false })

t.test('values that fit are returned, others are answered like a body that does not', async (t) => {
  const app = fastify({ ajv: { customOptions: { removeAdditional: false, allErrors: true, verbose: true } } })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  app.post('/', async (request) => validated(request, Pet, request.body))
  app.post('/below', async (request) => validated(request, Pet, request.body, '/pets/0'))
  const ask = async (url: string, payload: object) => (await app.inject({ method: 'POST', url, payload })).json()
  t.same(await ask('/', { name: 'tom', age: '7' }), { name: 'tom', age: 7 })
  const bad = { name: '', age: 'x' }
  t.match(await ask('/', bad), { status: 400, code: 'invalid_request', errors: [{ pointer: '/name' }, { pointer: '/age' }] })
  t.match(await ask('/below', { ...bad, size: 1 }), { status: 400, errors: [{ pointer: '/pets/0/size' }, { pointer: '/pets/0/name' }, { pointer: '/pets/0/age' }] })
})
