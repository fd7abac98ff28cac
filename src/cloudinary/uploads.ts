import { randomBytes } from 'node:crypto'
import { GatewayError, invalidRequest } from '../errors.ts'
import type { UploadLimits } from '../config/types.ts'
import type { StreamedFile } from '../schemas/upload-form.ts'
import type { Call, Connection } from './admin.ts'
import type { Relayed } from './answer.ts'
import { SourceStopped } from './byte-reader.ts'
import { HeldChunk } from './held-chunk.ts'
import { multipartBody, type FilePart, type MultipartBody } from './multipart-body.ts'
import type { Loan, UploadBudget } from './upload-budget.ts'
import { surelyNotStored, UploadDelivery, type Delivery, type Fields, type UploadJob } from './upload-delivery.ts'
import { Intake } from './upload-intake.ts'
import { integrityFailure, readStored, type Sent, type Stored } from './upload-integrity.ts'

/** Files up to this size are held while they are sent, so that they can be sent again. */
const HELD_BYTES = 1024 * 1024

export interface UploadCall extends Call {
  /** Told what Cloudinary says it has stored, and the failure that this is to the caller. */
  readonly onStored?: ((stored: Stored, failure: GatewayError | undefined) => void) | undefined
}

/** One file on its way. */
interface Run {
  readonly job: UploadJob
  readonly intake: Intake
  readonly call: UploadCall
}

/** A part of a file: where it begins, how long it is, whether it is the last, and the size of the whole when known. */
interface Part {
  readonly chunk: HeldChunk
  readonly start: number
  readonly size: number
  readonly last: boolean
  readonly total: number | undefined
}

const AS_GIVEN = (fields: Fields): Fields => fields

async function * only (bytes: Buffer): AsyncGenerator<Buffer> { yield bytes }

/** A form whose fields all stand before the file, the proof among them. */
function provenForm ({ authorize }: UploadJob, fields: Fields, file: FilePart): MultipartBody {
  return multipartBody({ head: { ...fields, ...authorize(fields) }, file })
}

/** Sending a whole file again is harmless when it was not stored, or when it would replace itself. */
function wholeFileRepeats (fields: Fields): Delivery['repeatable'] {
  return (error, progress) => surelyNotStored(error, progress) || fields.public_id !== undefined
}

/** Stores files in one cloud: in one request or in chunks, chosen by size. */
export class Uploads {
  readonly #delivery: UploadDelivery
  readonly #now: () => number
  readonly #limits: UploadLimits
  readonly #budget: UploadBudget

  constructor (connection: Connection, limits: UploadLimits, budget: UploadBudget) {
    this.#delivery = new UploadDelivery(connection)
    this.#now = connection.pace.now
    this.#limits = limits
    this.#budget = budget
  }

  /**
   * Sends the file and gives Cloudinary's answer; a file that was cut on its way in never has a well-formed end upstream.
   * @throws {GatewayError} for everything that goes wrong.
   */
  async store (job: UploadJob, call: UploadCall): Promise<Relayed> {
    if (typeof job.file === 'string') return this.#passUrl(job, job.file, call)
    const intake = new Intake(job.file, { ...this.#limits, maxBytes: Math.min(this.#limits.maxBytes, job.maxBytes ?? Infinity) }, this.#now)
    const onGone = (): void => intake.stop(new SourceStopped('the caller went away'))
    call.signal.addEventListener('abort', onGone)
    try {
      await intake.begin()
      return await this.#choose({ job, intake, call }, job.file)
    } finally {
      call.signal.removeEventListener('abort', onGone)
      intake.stop(new SourceStopped('the upload is over'))
    }
  }

  async #passUrl (job: UploadJob, url: string, call: UploadCall): Promise<Relayed> {
    const bytes = Buffer.from(url)
    const { answer, attempts } = await this.#delivery.deliver(job, {
      body: () => provenForm(job, job.fields, { chunks: only(bytes), length: bytes.length, filename: undefined }),
      repeatable: wholeFileRepeats(job.fields)
    }, call)
    return this.#finish(answer, attempts, { bytes: undefined, md5: undefined, resourceType: job.resourceType }, call)
  }

  /** Whether a file surely goes in one request, so that the fields after it are in time. Text always does. */
  inOneRequest ({ length, maxLength = length, filename }: StreamedFile): boolean {
    return filename === undefined || (maxLength !== undefined && maxLength <= this.#limits.singleRequestMaxBytes)
  }

  /**
   * Small: held, where there is room for it at once, for it need not wait behind large ones. Up to the limit of a single
   * request, and any text: streamed. Larger, or of unknown size: in chunks.
   */
  async #choose (run: Run, file: StreamedFile): Promise<Relayed> {
    const { maxLength } = run.intake
    if (maxLength !== undefined && maxLength <= HELD_BYTES && this.#budget.hasRoom(HELD_BYTES)) return this.#inChunks(run, HELD_BYTES)
    return this.inOneRequest(file) ? this.#streamed(run) : this.#inChunks(run, this.#limits.chunkBytes)
  }

  async #streamed (run: Run): Promise<Relayed> {
    const { job, intake, call } = run
    const { fields, late, permit = AS_GIVEN, authorize } = job
    const file = { filename: intake.filename, length: intake.length }
    const tail = late && (async (): Promise<Fields> => {
      const all = permit({ ...fields, ...await late() })
      // What was sent before the file stays; what is forced, and was not sent yet, goes after it.
      const after = Object.fromEntries(Object.entries(all).filter(([name, value]) => fields[name] !== value))
      return { ...after, ...authorize({ ...fields, ...after }) }
    })
    const { answer, attempts } = await this.#delivery.deliver(job, {
      body: () => tail === undefined
        ? provenForm(job, fields, { ...file, chunks: intake.chunks() })
        : multipartBody({ head: fields, file: { ...file, chunks: intake.chunks() }, tail }),
      // The bytes are gone once they were asked for.
      repeatable: (_error, { begun }) => !begun
    }, call)
    return this.#finish(answer, attempts, sentBy(run), call)
  }

  async #inChunks (run: Run, chunkBytes: number): Promise<Relayed> {
    const uploadId = randomBytes(16).toString('hex')
    let repeats = 0
    for (let start = 0; ;) {
      const loan = await this.#borrow(chunkBytes, run.call)
      const chunk = new HeldChunk(loan.memory)
      const filling = chunk.fill(run.intake)
      const settled = filling.catch(() => {}) // whoever follows the chunk meets the failure
      try {
        const part = await this.#part(run.intake, chunk, filling, start, chunkBytes)
        const { answer, attempts } = await this.#sendPart(run, part, uploadId, repeats)
        await filling
        repeats = attempts - 1
        if (part.last) return this.#finish(answer, attempts, sentBy(run), run.call)
        start += part.size
      } catch (error) {
        run.intake.stop(new SourceStopped('the upload is over'))
        throw error
      } finally {
        // Nobody else may have the memory while bytes still come in.
        await settled
        loan.release()
      }
    }
  }

  async #borrow (bytes: number, { signal }: Call): Promise<Loan> {
    try {
      return await this.#budget.borrow(bytes, signal)
    } catch (cause) {
      throw new GatewayError('client_closed', 'The caller went away before there was room for its file.', { cause })
    }
  }

  /** With a known size a part can be sent while it comes in; otherwise its end, and whether it is the last, must be known. */
  async #part (intake: Intake, chunk: HeldChunk, filling: Promise<void>, start: number, chunkBytes: number): Promise<Part> {
    const total = intake.length
    if (total !== undefined) {
      const size = Math.min(chunkBytes, total - start)
      return { chunk, start, size, last: start + size === total, total }
    }
    await filling
    const last = !await intake.more()
    return { chunk, start, size: chunk.size, last, total: last ? start + chunk.size : undefined }
  }

  async #sendPart ({ job, intake, call }: Run, part: Part, uploadId: string, repeats: number): Promise<{ answer: Relayed, attempts: number }> {
    const { chunk, start, size, last, total } = part
    const whole = start === 0 && last
    const fields = await fieldsOf(job, whole, last)
    const range = { 'x-unique-upload-id': uploadId, 'content-range': `bytes ${start}-${start + size - 1}/${total ?? -1}` }
    return this.#delivery.deliver(job, {
      body: () => provenForm(job, fields, { chunks: chunk.bytes(), length: size, filename: intake.filename }),
      ...(!whole && { headers: range }),
      repeats,
      partial: !last,
      // A chunk that Cloudinary has already is taken again under the same range.
      repeatable: whole ? wholeFileRepeats(fields) : () => true
    }, call)
  }

  #finish (answer: Relayed, attempts: number, sent: Sent, { onStored }: UploadCall): Relayed {
    const stored = readStored(answer.body, sent)
    const headers = { 'x-upload-attempts': String(attempts), 'x-upload-integrity': stored.integrity }
    const failure = integrityFailure(stored, this.#limits.verifyStrict)?.but({ headers })
    onStored?.(stored, failure)
    if (failure) throw failure
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }
}

/** Of a data URI Cloudinary counts the decoded bytes, which never existed here. */
function sentBy ({ job, intake }: Run): Sent {
  return { bytes: intake.filename === undefined ? undefined : intake.bytes, md5: intake.md5(), resourceType: job.resourceType }
}

/** The fields of a part. Those after the file are in time only when the part is the whole of it. */
async function fieldsOf ({ fields, late, permit = AS_GIVEN }: UploadJob, whole: boolean, last: boolean): Promise<Fields> {
  if (late === undefined) return fields
  const after = last ? await late() : {}
  if (!whole) refuseLate(after)
  return permit({ ...fields, ...after })
}

/** The first chunks went out without these fields: nothing is stored, because the last chunk does not follow. */
function refuseLate (late: Fields): void {
  const names = Object.keys(late)
  if (names.length === 0) return
  throw invalidRequest(names.map((name) => ({
    pointer: `/${name}`,
    message: 'came after a file that is sent in chunks; put it before the file, or in the query'
  })))
}
