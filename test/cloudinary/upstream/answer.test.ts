import t from 'tap'
import {
  jsonObject, readAnswer, upstreamError, relayed, retryAfterSeconds, scrub, transportFailure,
  type AnswerContext
} from '../../../src/cloudinary/upstream/answer.ts'
import { TransportError, type TransportFault, type UpstreamReply } from '../../../src/cloudinary/upstream/transport.ts'
import { GatewayError } from '../../../src/errors.ts'
import { ProxyError } from '../../../src/net/outbound.ts'
import { Secret } from '../../../src/secret.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const context: AnswerContext = { environment: { name: 'staging', apiKey: '1234', apiSecret: new Secret('s3cr=t') }, nowMs }
const reply = (status: number, body: string, headers: UpstreamReply['headers'] = {}): UpstreamReply => ({ status, headers, body: Buffer.from(body) })
const said = (status: number, message: string, headers: UpstreamReply['headers'] = {}): GatewayError =>
  upstreamError(reply(status, JSON.stringify({ error: { message } }), headers), context)

t.test('a good answer passes as it came, with the headers that are safe to show', async (t) => {
  const body = ' {"resources": [ ]}\n'
  const passed = relayed(reply(200, body, { 'x-request-id': 'ab', 'x-featureratelimit-remaining': '4', server: 'cloudinary', 'set-cookie': 'a=b' }), context)
  t.equal(passed.body.toString(), body)
  t.same(passed.headers, { 'x-request-id': 'ab', 'x-featureratelimit-remaining': '4' })
  t.equal(passed.status, 200)
})

t.test('U16: 502 for answers that are none: HTML, empty, cut, null, a list, a text, encoded', async (t) => {
  for (const body of ['<html></html>', '', '   ', '{"a":', 'null', '[]', '"x"', '1', '}', '{']) {
    t.throws(() => relayed(reply(200, body), context), { code: 'upstream_failed', upstream: { status: 200 } }, `200 ${body}`)
  }
  t.throws(() => relayed(reply(200, '{}', { 'content-encoding': 'gzip' }), context), { code: 'upstream_failed' })
  t.throws(() => relayed(reply(502, '<html>Bad gateway</html>'), context), { code: 'upstream_failed', message: 'Cloudinary failed with status 502.' })
})

t.test('502 for an answer that is read and is not JSON, or not of the shape that was due', async (t) => {
  const shape = ({ a }: Readonly<Record<string, unknown>>): string | undefined =>
    a === 1 ? undefined : 'not as it should be'
  t.match(readAnswer(reply(200, '{"a":1}'), context, shape), { status: 200, value: { a: 1 } })
  t.throws(() => readAnswer(reply(200, '{"a":}'), context, shape), {
    code: 'upstream_failed', message: 'Cloudinary\'s answer is not valid JSON.'
  })
  t.throws(() => readAnswer(reply(200, '{"a":2}'), context, shape), {
    code: 'upstream_failed',
    message: 'Cloudinary\'s answer is not as it should be.',
    upstream: { status: 200 }
  })
  t.throws(() => readAnswer(reply(404, '{"a":1}'), context, shape), { code: 'not_found' })
})

t.test('U15: 502 for a redirect, and nobody learns where it led', async (t) => {
  for (const status of [301, 302, 307, 308]) {
    const error = t.throws(() => relayed(reply(status, '', { location: 'http://169.254.169.254/' }), context))
    t.match(error, { code: 'upstream_failed', message: 'Cloudinary answered with a redirect.' })
    t.notMatch(JSON.stringify(error), '169.254')
  }
})

t.test('an error in a body with status 200 is an error, as official clients take it', async (t) => {
  t.throws(() => relayed(reply(200, '{ "error": {"message": "Upload preset not found"}}'), context), { code: 'upstream_rejected', message: 'Upload preset not found' })
  t.throws(() => relayed(reply(200, '{"error":null}'), context), {
    code: 'upstream_failed', message: 'Cloudinary\'s answer is an error without a reason.'
  })
})

t.test('each refusal has its code, and keeps Cloudinary\'s own words', async (t) => {
  const cases = [
    [400, 'Invalid image file', 'upstream_rejected'], [402, 'Pay', 'upstream_rejected'], [403, 'Not allowed', 'upstream_forbidden'],
    [404, 'Resource not found - a', 'not_found'], [409, 'Exists', 'upstream_conflict'], [413, 'Too large', 'payload_too_large'],
    [420, 'Rate limit exceeded', 'quota_exhausted'], [420, 'You don\'t have an active subscription for X', 'upstream_forbidden'],
    [423, 'Processing', 'asset_processing'], [429, 'Slow down', 'rate_limited'], [500, 'x', 'upstream_failed'], [503, 'x', 'upstream_failed']
  ] as const
  for (const [status, message, code] of cases) t.match(said(status, message), { code, upstream: { status, message } }, `${status} ${message}`)
  t.match(said(400, 'x', { 'x-request-id': 'ab' }).upstream, { request_id: 'ab' })
  t.match(upstreamError(reply(400, '{"error":"plain"}'), context), { message: 'plain' })
  t.match(upstreamError(reply(420, '<html>'), context), { code: 'quota_exhausted' })
  t.match(upstreamError(reply(400, '<html>'), context), { message: 'Cloudinary answered with status 400.' })
  t.match(upstreamError(reply(400, '{"error":{"message":""}}'), context), { message: 'Cloudinary answered with status 400.' })
  t.match(upstreamError(reply(400, '{"error":null}'), context), { message: 'Cloudinary answered with status 400.' })
})

t.test('U17: Retry-After is what Cloudinary asked for, or a minute when that makes no sense', async (t) => {
  const seconds = (headers: UpstreamReply['headers']): number => retryAfterSeconds(headers, nowMs)
  t.equal(seconds({ 'retry-after': '2' }), 2)
  t.equal(seconds({ 'retry-after': '0' }), 1)
  t.equal(seconds({ 'retry-after': '999999999' }), 86_400)
  t.equal(seconds({ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }), 30)
  t.equal(seconds({ 'x-featureratelimit-reset': 'Thu, 01 Jan 2026 01:00:00 GMT' }), 3600)
  for (const nonsense of [{}, { 'retry-after': '-5' }, { 'retry-after': 'soon' }, { 'retry-after': '1e9' }, { 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }]) t.equal(seconds(nonsense), 60)
  t.equal(said(429, 'x', { 'retry-after': '7' }).headers['retry-after'], '7')
  t.equal(said(420, 'x').headers['retry-after'], '60')
  t.equal(said(423, 'x').headers['retry-after'], '5')
  t.equal(said(423, 'x', { 'retry-after': '9' }).headers['retry-after'], '9')
  t.same(said(409, 'x').headers, {})
})

t.test('502 for a 401 to our own credentials, naming the environment; what was signed is for the log', async (t) => {
  t.match(said(401, 'Unknown API key 1234'), {
    code: 'credentials_rejected',
    message: 'Cloudinary does not accept the credentials of the environment "staging": Unknown API key 1234',
    upstream: { status: 401, message: 'Unknown API key 1234' }
  })
  const error = said(401, 'Invalid Signature abc. String to sign - \'folder=x&timestamp=1\'.')
  t.notMatch(JSON.stringify({ ...error, message: error.message, cause: undefined }), 'String to sign')
  t.match(error.cause, { message: /String to sign/ })
  t.match(upstreamError(reply(401, '<html>'), context), { code: 'credentials_rejected', cause: undefined })
})

t.test('401 for a caller\'s own signature that Cloudinary refuses', async (t) => {
  const body = JSON.stringify({ error: { message: 'Invalid Signature abc. String to sign - \'a=b\'.' } })
  t.match(upstreamError(reply(401, body), { ...context, vouched: 'caller' }), {
    code: 'signature_mismatch', message: /fits the API secret that the gateway has, but Cloudinary refuses it/, upstream: { status: 401, message: /^Invalid Signature/ }
  })
  t.match(upstreamError(reply(401, '{"error":{"message":"cloud_name mismatch"}}'), { ...context, vouched: 'caller' }), { code: 'credentials_rejected' })
})

t.test('R5: the secret is taken out of every message, in every form', async (t) => {
  const forms = ['s3cr=t', encodeURIComponent('s3cr=t'), Buffer.from('1234:s3cr=t').toString('base64'), Buffer.from('1234:s3cr=t').toString('base64url')]
  for (const form of forms) t.notMatch(JSON.stringify(said(400, `a ${form} b`)), form)
  t.equal(scrub('x'.repeat(5000), context.environment).length, 1000)
})

t.test('an object is an object only when it parses as one', async (t) => {
  t.same(jsonObject(Buffer.from('{"a":1}')), { a: 1 })
  for (const text of ['null', '[]', '1', '{', '']) t.equal(jsonObject(Buffer.from(text)), undefined)
})

t.test('every way of having no answer has its code', async (t) => {
  const codes: Record<Exclude<TransportFault, 'proxy'>, string> = {
    aborted: 'client_closed',
    body: 'internal',
    connect_timeout: 'upstream_timeout',
    timeout: 'upstream_timeout',
    unreachable: 'upstream_failed',
    tls: 'upstream_failed',
    cut: 'upstream_failed',
    too_large: 'upstream_failed',
    broken: 'upstream_failed'
  }
  for (const [fault, code] of Object.entries(codes)) t.match(transportFailure(new TransportError(fault as TransportFault)), { code }, fault)
  const ours = new GatewayError('payload_too_large', 'x')
  t.equal(transportFailure(ours), ours)
  t.equal(transportFailure(new TransportError('body', { cause: ours })), ours)
  t.match(transportFailure(new TypeError('bug')), { code: 'internal' })
  const refused = Object.assign(new Error('not valid'), { validation: [] })
  t.throws(() => transportFailure(new TransportError('body', { cause: refused })), refused, 'what the validator says of late fields')
})

t.test('a proxy that does not connect is told from Cloudinary, and its address is for the log', async (t) => {
  const proxy = { address: 'proxy.inner.example:3128', url: new Secret('http://u:canary@proxy.inner.example:3128/') }
  const cases = [
    [new ProxyError('refused', proxy, 407), 'upstream_failed', /proxy between .* refused the connection \(407, wrong or missing credentials/],
    [new ProxyError('refused', proxy, 401), 'upstream_failed', /\(401, wrong or missing credentials/],
    [new ProxyError('refused', proxy, 502), 'upstream_failed', /refused the connection \(502\)/],
    [new ProxyError('unreachable', proxy), 'upstream_failed', /proxy between .* cannot be reached/],
    [new ProxyError('timeout', proxy), 'upstream_timeout', /proxy between .* did not answer in time/]
  ] as const
  for (const [cause, code, message] of cases) {
    const failure = transportFailure(new TransportError('proxy', { cause }))
    t.match(failure, { code, message, upstream: undefined, members: { advice: /HTTPS_PROXY/ } })
    t.notMatch(failure.message, 'inner.example')
    t.match(cause.message, 'proxy.inner.example:3128')
    t.notMatch(cause.message, 'canary')
  }
})
