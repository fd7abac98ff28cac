import fastify from 'fastify'
import { uploadResource } from '../../routes/upload-resource.ts'
import type { UploadLimits } from '../../src/config/types.ts'
import authentication, { type AuthSettings } from '../../src/plugins/access/authentication.ts'
import authorization from '../../src/plugins/access/authorization.ts'
import environmentChoice from '../../src/plugins/access/environment-choice.ts'
import routeActions from '../../src/plugins/access/route-actions.ts'
import cloudinary from '../../src/plugins/actions/cloudinary.ts'
import idempotency, { type IdempotencyOptions } from '../../src/plugins/actions/idempotency.ts'
import relay from '../../src/plugins/actions/relay.ts'
import textInput from '../../src/plugins/actions/text-input.ts'
import errorHandler from '../../src/plugins/http/error-handler.ts'
import callerGone from '../../src/plugins/http/request-life.ts'
import { environmentAt, testConfig } from './gateway.ts'

export interface Options extends Partial<IdempotencyOptions> {
  upload?: Partial<UploadLimits>
  auth?: Partial<AuthSettings>
  /** Longest wait for an answer to an upload. */
  answerTimeoutMs?: number
  /** Lines of the log from `error` on. */
  log?: string[]
}

/** The upload action with nothing around it but what it needs; listens. */
export async function startOnce (t: { teardown: (end: () => unknown) => void }, upstreamUrl: string, { upload, auth, log, answerTimeoutMs = 20_000, ...options }: Options = {}): Promise<{ url: string }> {
  const environments = [environmentAt(upstreamUrl), environmentAt(upstreamUrl, { name: 'staging' })]
  const config = testConfig(environments, { upload: upload ?? {}, upstream: { uploadHeadersTimeoutMs: answerTimeoutMs } })
  const app = fastify({
    logger: log ? { level: 'error', stream: { write: (line: string) => { log.push(line) } } } : false,
    ajv: { customOptions: { removeAdditional: false, allErrors: true, verbose: true, strictTypes: false, keywords: ['example', 'x-fault', 'x-component'] } }
  })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(callerGone)
  await app.register(relay)
  await app.register(cloudinary, { environments, defaultEnvironment: 'production', client: { upstream: config.upstream, upload: config.upload } })
  await app.register(routeActions)
  await app.register(authentication, { auth: { ...config.auth, ...auth }, environments: ['production', 'staging'] })
  await app.register(environmentChoice)
  await app.register(authorization)
  await app.register(textInput)
  await app.register(idempotency, { redisPrefix: config.redisPrefix, ...options })
  await app.register(uploadResource)
  return { url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/upload` }
}
