import t from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import { incomingFailure } from '../../../src/input/forms/form-failures.ts'

t.test('errors of the parser: broken multipart is a 400, a caller that left is told apart, the rest keeps its status', async (t) => {
  t.match(incomingFailure(new Error('Malformed part header')), { code: 'invalid_multipart', message: 'The multipart body has a part whose headers cannot be read.' })
  t.match(incomingFailure(new Error('Unexpected end of multipart data')), { code: 'invalid_multipart', message: 'The multipart body ends before its closing boundary.' })
  t.match(incomingFailure(new Error('whatever')), { code: 'invalid_multipart', message: 'The multipart body cannot be read.' })
  t.match(incomingFailure(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })), { code: 'client_closed' })
  for (const code of ['FST_FIELDS_LIMIT', 'FST_PARTS_LIMIT', 'FST_FILES_LIMIT']) {
    t.match(incomingFailure(Object.assign(new Error('x'), { code, statusCode: 413 })), { code: 'payload_too_large', message: 'The form has more than 4096 parts.' })
  }
  t.match(incomingFailure(Object.assign(new Error('x'), { code: 'FST_PROTO_VIOLATION', statusCode: 400 })), { code: 'invalid_multipart', message: /such as "constructor"/ })
  const others = [Object.assign(new Error('x'), { code: 'EWHATEVER' }), Object.assign(new Error('x'), { statusCode: 413 }), new GatewayError('forbidden', 'x'), 'text']
  for (const other of others) t.equal(incomingFailure(other), other)
})
