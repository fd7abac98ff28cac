import type { FastifyInstance } from 'fastify'
import { FAULT_KINDS, type FaultOrder, type Faults } from './faults.ts'
import type { RequestLog } from './requests.ts'

const ORDER = {
  type: 'object',
  required: ['kind'],
  additionalProperties: false,
  properties: {
    match: { type: 'object', additionalProperties: false, properties: { method: { type: 'string' }, path: { type: 'string' } } },
    kind: { type: 'string', enum: [...FAULT_KINDS] },
    times: { type: 'integer', minimum: 1 },
    skip: { type: 'integer', minimum: 0 },
    at_byte: { type: 'integer', minimum: 0 },
    ms: { type: 'number', minimum: 0 },
    status: { type: 'integer', minimum: 200, maximum: 599 },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    message: { type: 'string' },
    bytes_per_second: { type: 'number', exclusiveMinimum: 0 }
  }
}

/** `/_sandbox/…`: ordering faults, reading what was seen, starting over. For tests that do not share a process with the sandbox. */
export function registerControl (app: FastifyInstance, { faults, requests, reset }: { faults: Faults, requests: RequestLog, reset: () => Promise<void> }): void {
  app.register(async (control) => {
    // A web page of some other origin must not be able to empty the sandbox of the person who reads it.
    control.addHook('onRequest', async (request, reply) => {
      if (request.headers.origin !== undefined && request.headers['sec-fetch-site'] !== 'same-origin') return reply.code(403).send({ error: { message: 'Not from another page' } })
    })
    control.removeAllContentTypeParsers()
    control.addContentTypeParser(['application/json', 'text/plain', 'application/x-www-form-urlencoded'], { parseAs: 'string', bodyLimit: 65_536 }, (_request, body, done) => {
      try {
        done(null, body === '' ? {} : JSON.parse(String(body)))
      } catch {
        done(Object.assign(new Error('Invalid JSON in the request body'), { statusCode: 400 }))
      }
    })
    control.post<{ Body: FaultOrder }>('/_sandbox/faults', { schema: { body: ORDER } }, async (request) => ({ id: faults.add(request.body) }))
    control.get('/_sandbox/faults', async () => ({ faults: faults.list() }))
    control.delete('/_sandbox/faults', async () => {
      faults.clear()
      return { faults: [] }
    })
    control.get('/_sandbox/requests', async () => ({ requests: requests.list() }))
    control.delete('/_sandbox/requests', async () => {
      requests.clear()
      return { requests: [] }
    })
    control.post('/_sandbox/reset', async () => {
      await reset()
      return { result: 'ok' }
    })
  })
}
