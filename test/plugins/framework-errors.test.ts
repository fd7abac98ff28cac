import t from 'tap'
import { GatewayError } from '../../src/errors.ts'
import { toGatewayError } from '../../src/plugins/framework-errors.ts'

const thrown = (members: object): Error => Object.assign(new Error('said by the framework'), members)

t.test('a GatewayError stays itself', async (t) => {
  const error = new GatewayError('forbidden', 'no')
  t.equal(toGatewayError(error), error)
})

t.test('framework errors get their code by name, else by status, else internal with the cause kept back', async (t) => {
  t.match(toGatewayError(thrown({ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 })), { code: 'unsupported_media_type' })
  t.match(toGatewayError(thrown({ statusCode: 413 })), { code: 'payload_too_large', message: 'said by the framework' })
  const unforeseen = thrown({ code: 'EWHATEVER' })
  t.match(toGatewayError(unforeseen), { code: 'internal', message: 'Something unexpected happened.', cause: unforeseen })
  t.match(toGatewayError(thrown({ statusCode: 418 })), { code: 'internal' })
  t.match(toGatewayError('just text'), { code: 'internal', cause: 'just text' })
})

t.test('validation errors become faults', async (t) => {
  const validation = [{ keyword: 'required', instancePath: '', schemaPath: '#/required', params: { missingProperty: 'public_id' }, message: '' }]
  t.match(toGatewayError(thrown({ code: 'FST_ERR_VALIDATION', validation, validationContext: 'querystring' })), {
    code: 'invalid_request', errors: [{ pointer: '/public_id', message: 'is required' }], cause: undefined
  }, 'the cause would carry the whole schema and all that the caller sent into the log')
})
