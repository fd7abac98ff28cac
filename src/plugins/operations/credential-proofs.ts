import { Type } from '@sinclair/typebox'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { CloudinaryClient, TryListener } from '../../cloudinary/client.ts'
import { steadyClock } from '../../clock.ts'
import { GatewayError } from '../../errors.ts'
import { MemoryProofStore, proofName, type ProofStore } from '../../proofs/proof-store.ts'
import { CredentialWatch, type Standing, type Timing } from '../../proofs/watch.ts'
import { RedisProofStore } from '../../redis/proof-store.ts'

/** Short, because a program may wait for the first proof. */
const PING_TIMEOUT_MS = 4_000

export const Verdict = Type.Object({
  name: Type.String({ description: 'Environment.' }),
  verified: Type.Boolean({ description: 'True when Cloudinary accepted the credentials at the last call.' }),
  reason: Type.Optional(Type.String({
    description: 'What is wrong: why the credentials are not verified, or why Cloudinary is unreachable.'
  }))
}, { 'x-component': 'Verdict' })
export type VerdictValue = typeof Verdict.static

export interface CredentialProofsOptions extends Partial<Timing> {
  /** How long one proof may take. */
  readonly pingTimeoutMs?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Proves the credentials of every environment that no call has proved yet, and keeps watching them.
     * Resolves with what is known then.
     */
    proveCredentials: () => Promise<VerdictValue[]>
    /** Proves now what is refused or out of reach. The log says what still is. */
    proveCredentialsAgain: () => Promise<void>
    /** Returns what is known of the credentials of a client, without a call. */
    standingOf: (client: CloudinaryClient) => Standing
    /** Takes the outcome of every call to Cloudinary: each is a proof. */
    onTry: TryListener
    /** Call this when clients have changed. */
    onReplaced: () => void
  }
}

function rejectionReason (name: string, told: string | undefined): string {
  return `credentials_rejected: Cloudinary does not accept the credentials of the environment "${name}"${told === undefined ? '.' : `: ${told}`}`
}

/** Describes what is known, for operators. */
export function verdictOf (name: string, { credentials, away, rejection }: Standing): VerdictValue {
  const reason = rejection ? rejectionReason(name, rejection.told) : away
  if (credentials === 'verified') return { name, verified: true, ...reason !== undefined && { reason } }
  return { name, verified: false, reason: reason ?? 'not_proved: no call has shown yet whether they work.' }
}

/** Logs that the credentials of an environment have turned out right or wrong: once, not for each call. */
function tellChange (log: FastifyBaseLogger, name: string, standing: Standing): void {
  const { verified, reason } = verdictOf(name, standing)
  if (verified) log.info({ environment: name }, 'credentials verified')
  else log.error({ environment: name, reason }, 'credentials not verified')
}

function isWrong ({ rejection, away }: Standing): boolean {
  return rejection !== undefined || away !== undefined
}

/** For somebody who has asked and waits for a word. */
function tellRemaining (log: FastifyBaseLogger, { name, verified, reason }: VerdictValue): void {
  if (reason === undefined) return
  log.error(
    { environment: name, reason },
    verified ? 'Cloudinary still gives no answers' : 'credentials still not verified'
  )
}

function openStore ({ redis }: FastifyInstance, now: () => number): ProofStore {
  return redis ? new RedisProofStore(redis) : new MemoryProofStore({ now })
}

function later (run: () => void, ms: number, isAwaited = false): () => void {
  const timer = setTimeout(run, ms)
  if (!isAwaited) timer.unref()
  return () => { clearTimeout(timer) }
}

/**
 * Knows for each environment whether its credentials work. Requests and probes read what is known, and cause
 * no call. Replicas that share a Redis share verdicts.
 */
export default fp<CredentialProofsOptions>(async (app, options) => {
  const { now = steadyClock, pingTimeoutMs = PING_TIMEOUT_MS } = options
  const timing = { now, later: options.later ?? later }
  const store = openStore(app, now)
  const closing = new AbortController()
  // By environment, not by name: new credentials are another environment, and an old proof says nothing of
  // them.
  const watches = new Map<CloudinaryClient['environment'], CredentialWatch>()
  let isWatching = false

  async function ping (client: CloudinaryClient): Promise<void> {
    const timeout = AbortSignal.timeout(pingTimeoutMs)
    app.metrics?.pinged(client.environment.name)
    await client.ping({ signal: AbortSignal.any([timeout, closing.signal]) }, 1).catch((error: unknown) => {
      // The client takes our own impatience for a caller that left.
      throw timeout.aborted ? new GatewayError('upstream_timeout', 'no answer in time') : error
    })
  }

  function watchOf (client: CloudinaryClient): CredentialWatch {
    const { account, environment } = client
    const known = watches.get(environment)
    if (known) return known
    const watch = new CredentialWatch({
      ...timing,
      store,
      name: proofName(account, environment),
      ping: () => ping(client),
      onChange: (standing) => { tellChange(app.log, environment.name, standing) }
    })
    watches.set(environment, watch)
    return watch
  }

  async function proveAll (): Promise<void> {
    if (!closing.signal.aborted) {
      await Promise.all(app.cloudinary.all().map((client) => watchOf(client).prove()))
    }
  }
  const standingOf = (client: CloudinaryClient): Standing => watchOf(client).standing

  app.decorate('standingOf', standingOf)
  app.decorate('proveCredentials', async () => {
    isWatching = true
    await proveAll()
    return app.cloudinary.all().map((client) => verdictOf(client.environment.name, standingOf(client)))
  })
  app.decorate('proveCredentialsAgain', async () => {
    const wrong = app.cloudinary.all().filter((client) => isWrong(standingOf(client)))
    await Promise.all(wrong.map((client) => watchOf(client).proveAgain()))
    for (const client of wrong) tellRemaining(app.log, verdictOf(client.environment.name, standingOf(client)))
  })
  app.decorate('onTry', (name, outcome, { of, failure, telling }) => {
    app.metrics?.tried(name, outcome)
    const client = app.cloudinary.get(name)
    if (client?.environment === of) watchOf(client).hear(failure, telling)
  })
  app.decorate('onReplaced', () => {
    const current = new Set(app.cloudinary.all().map(({ environment }) => environment))
    for (const [environment, watch] of watches) {
      if (current.has(environment)) continue
      watch.stop()
      watches.delete(environment)
    }
    if (isWatching) proveAll() // it never rejects
  })
  app.metrics?.watchVerdicts(() => app.cloudinary.all().map((client) =>
    [client.environment.name, standingOf(client).credentials === 'verified'] as const))
  app.addHook('preClose', (done) => {
    closing.abort()
    for (const watch of watches.values()) watch.stop()
    done()
  })
}, { name: 'credential-proofs' })
