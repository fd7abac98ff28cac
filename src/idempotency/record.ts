import { createHash } from 'node:crypto'
import { GatewayError, invalidRequest, type ErrorCode } from '../errors.ts'

/** How long a key is remembered after its upload has ended. */
export const KEPT_MS = 24 * 60 * 60 * 1000

/** An answer of Cloudinary. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** An answer as it is kept: JSON takes it. The body is its bytes, one character each. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A failure after which something was stored: it is repeated like an answer. */
export interface KeptFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>
}

export type Outcome = { readonly answer: KeptAnswer } | { readonly failure: KeptFailure }

/** What tells the asset of an upload from others, as far as it is known. */
export type Traces = Readonly<Record<string, string | number>>

/** What is remembered of an upload whose last byte may have gone out. Without `outcome` nobody knows what became of it. */
export interface IdempotencyRecord {
  /** Digest of the request: a request with another one is another request. */
  readonly fingerprint: string
  readonly look_for: Traces
  readonly outcome?: Outcome
}

/** The right to run the upload of one key. It is to be ended by `settle` or `release`, once. */
export interface Hold {
  /**
   * Remembers that the last byte may go out from now on; what follows must not be sent before this resolves.
   * @throws {GatewayError} when that cannot be remembered, or somebody else has the key by now.
   */
  seal (record: IdempotencyRecord): Promise<void>
  /** Remembers how a sealed upload ended; a record without an outcome: nobody knows. */
  settle (record: IdempotencyRecord): Promise<void>
  /** Forgets the key: nothing was stored. */
  release (): Promise<void>
}

export type Claim =
  | { readonly state: 'held', readonly hold: Hold }
  | { readonly state: 'in_progress' }
  | { readonly state: 'known', readonly record: IdempotencyRecord }

/** Where keys are remembered. */
export interface IdempotencyStore {
  /**
   * @param caller whose share of a bounded memory the key counts in
   * @throws {GatewayError} `overloaded` when the store is out of reach, or has no room.
   */
  claim (name: string, caller: string): Promise<Claim>
  close (): Promise<void>
}

/** What a request is, as far as a repeated one has to be the same. */
export interface Identity {
  /** Parameters as Cloudinary's wire text, with `resource_type`. */
  readonly fields: Readonly<Record<string, string>>
  /** Undefined for text: a URL, a data URI, a path. */
  readonly filename: string | undefined
  /** Hex SHA-256 of the bytes, or of the text. */
  readonly sha256: string
  readonly bytes: number
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * The `Idempotency-Key` of a request, or undefined.
 * @throws {GatewayError} when it is none of 1 to 255 visible ASCII characters. A repeated header is joined by a blank.
 */
export function idempotencyKey (header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = String(header)
  if (!/^[!-~]{1,255}$/.test(key)) throw invalidRequest([{ pointer: '/Idempotency-Key', message: 'must be one header of 1 to 255 visible ASCII characters, without blanks' }])
  return key
}

/** Owner of a key. The same key of another owner is another key. */
export interface KeyOwner {
  /** The account that stores the asset. The name of an environment says nothing about it. */
  readonly account: string
  readonly environment: string
  readonly caller: string
}

/** The name under which a key is remembered. */
export function recordName ({ account, environment, caller }: KeyOwner, key: string): string {
  return sha256(JSON.stringify([account, environment, caller, key]))
}

/** The order in which fields were given does not matter. */
function fingerprint ({ fields, filename, sha256: bytes }: Identity): string {
  const sorted = Object.entries(fields).sort(([one], [other]) => one < other ? -1 : 1)
  return sha256(JSON.stringify(['uploadResource', sorted, filename ?? null, bytes]))
}

const TRACE_FIELDS = ['public_id_prefix', 'folder', 'asset_folder', 'resource_type', 'type']

function traces ({ fields, filename, bytes }: Identity, nowMs: number): Traces {
  const { public_id: publicId, folder } = fields
  return {
    ...(publicId !== undefined && { public_id: folder === undefined ? publicId : `${folder}/${publicId}` }),
    ...Object.fromEntries(TRACE_FIELDS.flatMap((name) => fields[name] === undefined ? [] : [[name, fields[name]]])),
    ...(filename !== undefined && { filename, bytes }),
    since: new Date(nowMs).toISOString()
  }
}

/** The record of a request that is about to be sent, or was. */
export function recordOf (identity: Identity, nowMs: number): IdempotencyRecord {
  return { fingerprint: fingerprint(identity), look_for: traces(identity, nowMs) }
}

export function keptAnswer ({ status, headers, body }: Answer): Outcome {
  return { answer: { status, headers, body: body.toString('latin1') } }
}

/**
 * What the failure of an upload whose last byte may have gone out means: the failure itself where it is known what was
 * stored, `unknown`, or `not_stored`.
 */
export function failedOutcome (error: unknown): Outcome | 'unknown' | 'not_stored' {
  // A fault of ours tells nothing about what is stored.
  if (!(error instanceof GatewayError) || error.members['outcome'] === 'unknown') return 'unknown'
  const { code, message, headers, members } = error
  return code === 'integrity_failed' ? { failure: { code, message, headers, members } } : 'not_stored'
}

const REPLAYED = { 'idempotent-replayed': 'true' }

function whatToLookFor ({ public_id: publicId, filename, bytes, since }: Traces): string {
  if (publicId !== undefined) return `the public_id "${publicId}"`
  const what = filename === undefined ? 'an asset' : `an asset of the file "${filename}" (${bytes} bytes)`
  return `${what} made after ${since}; its public_id was left to Cloudinary`
}

/** The answer to a request whose key is known; see `replayTo`. */
export function replay (record: IdempotencyRecord, identity: Identity): Answer {
  return replayTo(record, fingerprint(identity))
}

/**
 * The answer to the request with this fingerprint.
 * @throws {GatewayError} `idempotency_key_reused` for another request; `outcome_unknown`, or the failure of the first one.
 */
export function replayTo (record: IdempotencyRecord, asked: string): Answer {
  const { outcome, look_for: lookFor } = record
  if (record.fingerprint !== asked) {
    throw new GatewayError('idempotency_key_reused', 'This Idempotency-Key was used for another request: other parameters, or other bytes.')
  }
  if (outcome === undefined) {
    throw new GatewayError('outcome_unknown', `The file was sent to Cloudinary and the answer was lost, so it may be stored. Look for ${whatToLookFor(lookFor)}.`, {
      members: { look_for: lookFor }
    })
  }
  if ('failure' in outcome) {
    const { code, message, headers, members } = outcome.failure
    throw new GatewayError(code, message, { members, headers: { ...headers, ...REPLAYED } })
  }
  const { status, headers, body } = outcome.answer
  return { status, headers: { ...headers, ...REPLAYED }, body: Buffer.from(body, 'latin1') }
}
