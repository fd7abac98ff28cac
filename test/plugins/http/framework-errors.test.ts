import t from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import { toGatewayError } from '../../../src/plugins/http/framework-errors.ts'

const converted = (error: unknown, announced?: string): GatewayError => toGatewayError(error, { announced, limit: 10, takes: [], placeOf: (name) => name === 'file' ? 'the body' : undefined })
const thrown = (members: object): Error => Object.assign(new Error('said by the framework'), members)

t.test('a GatewayError stays itself', async (t) => {
  const error = new GatewayError('forbidden', 'no')
  t.equal(converted(error), error)
})

t.test('framework errors get their code by name, else by status, else internal with the cause kept back', async (t) => {
  t.match(converted(thrown({ code: 'FST_ERR_MAX_PARAM_LENGTH', statusCode: 414 })), { code: 'uri_too_long', message: 'A part of the path is too long.' })
  t.match(converted(thrown({ statusCode: 413 })), { code: 'payload_too_large', message: 'The request is too large.' }, 'in words of our own')
  t.match(converted(thrown({ code: 'FST_ERR_OF_TOMORROW', statusCode: 400 })), { code: 'invalid_request', message: 'The request cannot be read.' })
  const unforeseen = thrown({ code: 'EWHATEVER' })
  t.match(converted(unforeseen), { code: 'internal', message: 'Something unexpected happened.', cause: unforeseen })
  t.match(converted(thrown({ statusCode: 418 })), { code: 'internal' })
  t.match(converted('just text'), { code: 'internal', cause: 'just text' })
})

t.test('a body over the limit is told with both numbers', async (t) => {
  const error = thrown({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 })
  t.match(converted(error, '12'), { code: 'payload_too_large', message: 'The body has 12 bytes; the limit for JSON is 10.' })
  t.match(converted(error), { message: 'The body has more than 10 bytes; the limit for JSON is 10.' })
})

t.test('a media type that the route does not take is told with those that it takes', async (t) => {
  const error = thrown({ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 })
  t.match(toGatewayError(error, { announced: '1', limit: 10, takes: ['application/json', 'text/csv'], placeOf: () => undefined }), {
    code: 'unsupported_media_type', message: 'This route takes application/json, text/csv, named in Content-Type.', headers: { accept: 'application/json, text/csv' }
  })
  t.match(converted(error), { code: 'unsupported_media_type', message: 'This route takes no body.', headers: {} })
})

t.test('validation errors become faults', async (t) => {
  const validation = [{ keyword: 'required', instancePath: '', schemaPath: '#/required', params: { missingProperty: 'public_id' }, message: '' }]
  t.match(converted(thrown({ code: 'FST_ERR_VALIDATION', validation, validationContext: 'querystring' })), {
    code: 'invalid_request', errors: [{ pointer: '/public_id', message: 'is required' }], cause: undefined
  }, 'the cause would carry the whole schema and all that the caller sent into the log')
  const misplaced = [{ keyword: 'additionalProperties', instancePath: '', schemaPath: '', params: { additionalProperty: 'file' }, message: '' }]
  t.match(converted(thrown({ validation: misplaced, validationContext: 'querystring' })), { errors: [{ pointer: '/file', message: 'belongs in the body' }] })
})
