import type { Server } from 'node:http'
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance } from 'fastify'
import type { Config } from './config/types.ts'
import type { UnreadAnswersOptions } from './plugins/access/unread-answers.ts'

export type ServerOptions = FastifyHttpOptions<Server>

export interface AppOptions {
  config: Config
  /** A pino logger, its options, or false for silence. */
  logger?: FastifyBaseLogger | NonNullable<ServerOptions['logger']>
  version?: string
  /** How long the key of an upload stays in progress in Redis after its process has died. */
  leaseMs?: number
  /** How many idempotency keys are kept in memory, where there is no Redis. */
  keptKeys?: number
  /** How many entries each memory keeps at most, for a test that wants to see all of them full. */
  keptEntries?: number
  /** Bounds on the answers that wait to be read. */
  unread?: UnreadAnswersOptions
}

/** The gateway, with the controls that its plugins have added, spelt out for programs that cannot see those. */
export interface Gateway extends FastifyInstance {
  drain: () => void
  reloadPolicy: () => Promise<void>
  proveCredentials: () => Promise<CredentialVerdict[]>
}

/** Whether Cloudinary accepted the credentials of an environment, and why not. */
export interface CredentialVerdict { name: string, verified: boolean, reason?: string }
