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
  /** Largest number of entries in each cache, for a test that needs all of them full. */
  keptEntries?: number
  /** Bounds on the answers that wait to be read. */
  unread?: UnreadAnswersOptions
}

/**
 * The gateway with the methods that its plugins add, listed for programs that do not see their declarations.
 */
export interface Gateway extends FastifyInstance {
  drain: () => void
  reloadPolicy: () => Promise<void>
  proveCredentials: () => Promise<CredentialVerdict[]>
}

/** Whether Cloudinary accepted the credentials of an environment, and why not. */
export interface CredentialVerdict { name: string, verified: boolean, reason?: string }
