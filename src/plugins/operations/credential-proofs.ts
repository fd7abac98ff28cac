import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import type { CloudinaryClient } from '../../cloudinary/client.ts'
import { steadyClock } from '../../clock.ts'
import { GatewayError } from '../../errors.ts'

/** How long a proof holds, in milliseconds. Probes come every few seconds; Cloudinary counts Admin calls by the hour. */
const PROOF_LASTS_MS = 60_000
/** A failed proof is tried again sooner. */
const FAILURE_LASTS_MS = 5_000
const PING_TIMEOUT_MS = 4_000

export const Verdict = Type.Object({
  name: Type.String({ description: 'Environment.' }),
  verified: Type.Boolean({ description: 'True when Cloudinary accepted the credentials at the last proof.' }),
  reason: Type.Optional(Type.String({ description: 'Why they are not verified.' }))
}, { 'x-component': 'Verdict' })
export type VerdictValue = typeof Verdict.static

export interface CredentialProofsOptions {
  /** Measures durations, in milliseconds. */
  now?: () => number
  /** A probe must answer before its own timeout; default 4 s. */
  pingTimeoutMs?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Proves the credentials of these clients, by default of every environment, with one call each, or repeats
     * a proof that still holds. The verdicts come in the order of the clients.
     */
    proveCredentials: (clients?: readonly CloudinaryClient[]) => Promise<VerdictValue[]>
  }
}

interface Proof { readonly verdict: VerdictValue, readonly until: number }

/** What the system said at the root of a failure: `ENOTFOUND`, `ECONNREFUSED`, a fault of TLS. Operators need no more to find it. */
function rootCode (error: unknown): string {
  let code = ''
  for (let at = error; at instanceof Error; at = at.cause) if (!(at instanceof GatewayError)) code = (at as NodeJS.ErrnoException).code ?? code
  return code === '' ? '' : ` (${code})`
}

async function prove (client: CloudinaryClient, { now, pingTimeoutMs }: Required<CredentialProofsOptions>): Promise<Proof> {
  const { name } = client.environment
  const signal = AbortSignal.timeout(pingTimeoutMs)
  try {
    await client.ping({ signal })
    return { verdict: { name, verified: true }, until: now() + PROOF_LASTS_MS }
  } catch (error) {
    const { code, message } = error as GatewayError // the client throws nothing else
    // The client takes our own impatience for a caller that left.
    const reason = signal.aborted ? 'upstream_timeout: no answer in time' : `${code}: ${message}${rootCode(error)}`
    return { verdict: { name, verified: false, reason }, until: now() + FAILURE_LASTS_MS }
  }
}

/** Remembers for each environment whether its credentials were accepted. Probes at the same time share one call. */
export default fp<CredentialProofsOptions>(async (app, options) => {
  const { now = steadyClock, pingTimeoutMs = PING_TIMEOUT_MS } = options
  // By client, not by name: new credentials are a new client, and an old proof says nothing of them.
  const known = new WeakMap<CloudinaryClient, Proof>()
  const running = new WeakMap<CloudinaryClient, Promise<Proof>>()

  async function verdictOf (client: CloudinaryClient): Promise<VerdictValue> {
    const held = known.get(client)
    if (held && held.until > now()) return held.verdict
    const call = running.get(client) ?? prove(client, { now, pingTimeoutMs }).finally(() => running.delete(client))
    running.set(client, call)
    const proof = await call
    known.set(client, proof)
    return proof.verdict
  }

  app.decorate('proveCredentials', (clients = app.cloudinary.all()) => Promise.all(clients.map(verdictOf)))
}, { name: 'credential-proofs', dependencies: ['cloudinary'] })
