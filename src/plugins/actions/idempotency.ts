import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { callerKey } from '../../auth/callers/caller-key.ts'
import type { Relayed, Upload } from '../../cloudinary/client.ts'
import { SourceStopped } from '../../cloudinary/upload/byte-reader.ts'
import { Intake } from '../../cloudinary/upload/intake.ts'
import { wallClock } from '../../clock.ts'
import { HashedFile, HashedText } from '../../idempotency/hashed-file.ts'
import { holdOf, LateHold } from '../../idempotency/late-hold.ts'
import { MemoryIdempotencyStore } from '../../idempotency/memory-store.ts'
import {
  failedOutcome, idempotencyKey, keptAnswer, recordName, recordOf, replay, replayTo,
  type Claim, type Hold, type IdempotencyRecord, type IdempotencyStore, type Identity, type KeyOwner
} from '../../idempotency/record.ts'
import type { StreamedFile } from '../../input/forms/upload-form.ts'
import { RedisIdempotencyStore } from '../../redis/idempotency-store.ts'
import type { RedisLink } from '../../redis/link.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Stores a file; with an `Idempotency-Key`, once: a repeated request gets the answer of the first. */
    uploadOnce<Parameters extends object> (upload: Upload<Parameters>): Promise<Relayed>
  }
}

export interface IdempotencyOptions {
  /** Where keys are shared between replicas; without it they are kept in memory. */
  readonly redis?: RedisLink | undefined
  /** How long a key stays in progress in Redis when its process has died. */
  readonly leaseMs?: number | undefined
  /** How many keys are kept in memory. */
  readonly keptKeys?: number | undefined
  /** How many bytes their records take at most. */
  readonly keptBytes?: number | undefined
  /** Called for each key that is forgotten before it expires; feeds a metric. */
  readonly onForgotten?: (() => void) | undefined
}

/** An upload that is watched on its way in: what makes it this one is known once its parameters and bytes have come. */
class WatchedUpload<Parameters extends object> {
  readonly upload: Upload<Parameters>
  readonly #seen: HashedFile | HashedText
  #late: Parameters | undefined

  /** Whoever reads a stream sees that the upload is complete only after `atEnd`; a text is complete from the beginning. */
  constructor (upload: Upload<Parameters>, atEnd: () => Promise<void>) {
    const { file, late } = upload
    this.#seen = typeof file === 'string' ? new HashedText(file) : new HashedFile(file, async () => { if (!late) await atEnd() })
    const readLate = late && (async () => {
      const read = await late()
      this.#late = read
      await atEnd()
      return read
    })
    this.upload = { ...upload, file: this.#seen.file, late: readLate }
  }

  get identity (): Identity {
    const { parameters, resourceType, seal } = this.upload
    const { file, sha256, bytes } = this.#seen
    // What a policy forces is part of the request, and what it no longer allows is not answered either. The proof is new
    // in each request.
    const { api_key: _key, timestamp: _time, signature: _proof, ...fields } = seal({ ...parameters, ...this.#late })
    return {
      fields: { ...fields, resource_type: resourceType },
      filename: typeof file === 'string' ? undefined : file.filename,
      sha256,
      bytes
    }
  }
}

/** What an upload left in the store is for later requests; this one has its answer whatever becomes of it. */
async function noted (request: FastifyRequest, ending: Promise<void>): Promise<void> {
  try {
    await ending
  } catch (error) {
    request.log.error({ err: error }, 'the outcome of an upload with an Idempotency-Key could not be kept; repeating it will say that the outcome is unknown')
  }
}

/** Runs the upload whose key is held, and keeps what became of it. */
async function runOnce<Parameters extends object> (
  request: FastifyRequest, upload: Upload<Parameters>, hold: Hold, nowMs: number
): Promise<Relayed> {
  const { callerGone } = request
  const giveUp = new AbortController()
  const onGone = (): void => giveUp.abort(callerGone.reason)
  // It may have left while its key was being claimed.
  if (callerGone.aborted) onGone()
  callerGone.addEventListener('abort', onGone)
  const record = (): IdempotencyRecord => recordOf(watched.identity, nowMs)
  let isKept = false
  const keep = async (): Promise<void> => {
    await hold.seal(record())
    isKept = true
    // A caller that leaves now will ask again: the answer is waited for, so that there is one to repeat.
    callerGone.removeEventListener('abort', onGone)
  }
  const watched = new WatchedUpload(upload, keep)
  try {
    if (typeof upload.file === 'string') await keep()
    const answer = await request.cloudinary.upload(watched.upload, request.uploadCall(giveUp.signal))
    await noted(request, hold.settle({ ...record(), outcome: keptAnswer(answer) }))
    return answer
  } catch (error) {
    callerGone.removeEventListener('abort', onGone)
    const outcome = isKept ? failedOutcome(error) : 'not_stored'
    if (outcome === 'not_stored') await noted(request, hold.release())
    else await noted(request, hold.settle(outcome === 'unknown' ? record() : { ...record(), outcome }))
    throw error
  }
}

/** Reads a stream to its end, within the same bounds as an upload. */
async function readThrough (request: FastifyRequest, file: StreamedFile, callerMaxBytes = Infinity): Promise<void> {
  const { uploadLimits } = request.cloudinary
  const intake = new Intake(file, { ...uploadLimits, maxBytes: Math.min(uploadLimits.maxBytes, callerMaxBytes), verify: 'bytes' })
  const onGone = (): void => intake.stop(new SourceStopped('the caller went away'))
  request.callerGone.addEventListener('abort', onGone)
  try {
    await intake.begin()
    let chunk = await intake.next()
    while (chunk !== undefined) chunk = await intake.next()
  } finally {
    request.callerGone.removeEventListener('abort', onGone)
    intake.stop(new SourceStopped('the file is not needed any more'))
  }
}

/** Reads the repeated request, without asking Cloudinary for anything, and gives what is known of the first. */
async function repeated<Parameters extends object> (
  request: FastifyRequest, upload: Upload<Parameters>, record: IdempotencyRecord
): Promise<Relayed> {
  const watched = new WatchedUpload(upload, async () => {})
  const { file, late, maxBytes } = watched.upload
  if (typeof file !== 'string') await readThrough(request, file, maxBytes)
  await late?.()
  return replay(record, watched.identity)
}

/** Runs an upload whose proof comes behind its file, and claims the key there. */
async function provenLate<Parameters extends object> (
  request: FastifyRequest, upload: Upload<Parameters>, claim: () => Promise<Claim>
): Promise<Relayed> {
  const hold = new LateHold(claim)
  try {
    return await runOnce(request, upload, hold, wallClock())
  } catch (error) {
    if (hold.found === undefined) throw error
    return replayTo(hold.found.record, hold.found.asked.fingerprint)
  }
}

/** Whose key it is. The account is that of the client that stores the file. */
function ownerOf ({ caller, cloudinary: { account, environment } }: FastifyRequest): KeyOwner {
  return { account, environment: environment.name, caller: caller.scope ?? caller.name }
}

function openStore (
  { redis, leaseMs, keptKeys, keptBytes, onForgotten }: IdempotencyOptions
): IdempotencyStore {
  if (redis) return new RedisIdempotencyStore(redis, leaseMs === undefined ? {} : { leaseMs })
  return new MemoryIdempotencyStore({ maxEntries: keptKeys, maxBytes: keptBytes, onForgotten })
}

/** Gives `uploadOnce` to the requests of the scope that registers it. */
export default fp<IdempotencyOptions>(async (scope, options) => {
  const store = openStore(options)
  scope.addHook('onClose', () => store.close())
  scope.decorateRequest('uploadOnce', async function <Parameters extends object> (
    this: FastifyRequest, upload: Upload<Parameters>
  ) {
    const key = idempotencyKey(this.headers['idempotency-key'])
    if (key === undefined) return this.cloudinary.upload(upload, this.uploadCall())
    const owner = ownerOf(this)
    const claimKey = (): Promise<Claim> => store.claim(recordName(owner, key), callerKey(this))
    // It has a place among the uploads once it has shown a proof.
    if (this.uploadOwner === undefined) return provenLate(this, upload, claimKey)
    const claim = await claimKey()
    if (claim.state === 'known') return repeated(this, upload, claim.record)
    return runOnce(this, upload, holdOf(claim), wallClock())
  })
}, { name: 'idempotency' })
