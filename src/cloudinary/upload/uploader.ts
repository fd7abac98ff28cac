import { randomBytes } from 'node:crypto'
import type { UploadLimits } from '../../config/types.ts'
import { GatewayError, invalidRequest } from '../../errors.ts'
import type { StreamedFile } from '../../input/forms/upload-form.ts'
import type { Call, Connection } from '../upstream/json-calls.ts'
import type { Relayed } from '../upstream/answer.ts'
import type { FormFields } from '../wire/parameters.ts'
import type { Loan, UploadBudget } from './budget.ts'
import { SourceStopped } from './byte-reader.ts'
import { Chunk } from './chunk.ts'
import { Intake } from './intake.ts'
import { integrityFailure, readStored, type Sent, type Stored } from './integrity.ts'
import type { FilePart } from './multipart-body.ts'
import { UploadSender, type Destination, type Piece } from './sender.ts'
import type { UploadOwner } from './shares.ts'
import { lateField } from '../../input/forms/upload-form.ts'

/** One file to store, and what goes with it. `Parameters` is what `seal` takes: typed values, or text that was signed. */
export interface Upload<Parameters extends object> extends Destination {
  /** Text stands for a file elsewhere: a URL, a data URI, a path below the upload folder. */
  readonly file: StreamedFile | string
  /** What stood before the file. */
  readonly parameters: Parameters
  /** Reads what stood after the file. Called once the file has ended well; what it throws ends the upload. */
  readonly late?: (() => Promise<Parameters>) | undefined
  /**
   * Makes the form fields that go with the file: encodes the parameters, judges them by the caller's policy and adds the
   * proof, in one act. Called for each attempt, since a proof carries its time; what it throws ends the upload.
   */
  readonly seal: (parameters: Parameters) => FormFields
  /** Largest file in bytes, where the caller has a limit of its own. */
  readonly maxBytes?: number | undefined
  /** Returns the largest file for a form that was sealed, where it has a limit of its own. */
  readonly maxBytesOf?: ((form: FormFields) => number | undefined) | undefined
}

export interface UploadCall extends Call {
  /** Holder of the shares that the memory counts in. */
  readonly owner?: UploadOwner | undefined
  /** Called with what Cloudinary says it has stored, and with the error that the caller will get, if any. */
  readonly onStored?: ((stored: Stored, failure: GatewayError | undefined) => void) | undefined
}

/** Files up to this size are held while they are sent, so that they can be sent again. */
const HELD_BYTES = 1024 * 1024

async function * only (bytes: Buffer): AsyncGenerator<Buffer> { yield bytes }

/** Stores files in one cloud: in one request or in chunks, chosen by size. */
export class Uploader {
  readonly #connection: Connection
  readonly #limits: UploadLimits
  readonly #budget: UploadBudget

  constructor (connection: Connection, limits: UploadLimits, budget: UploadBudget) {
    this.#connection = connection
    this.#limits = limits
    this.#budget = budget
  }

  /**
   * Sends the file and returns Cloudinary's answer. A file that was cut on its way in never has a well-formed end upstream.
   * @throws {GatewayError} for everything that goes wrong.
   */
  async store<Parameters extends object> (upload: Upload<Parameters>, call: UploadCall): Promise<Relayed> {
    const { absences, reads } = this.#connection.account
    try {
      const { answer, stored, failure } = await this.#stored(upload, call)
      absences.forget(typeof stored.answer.public_id === 'string' ? stored.answer.public_id : undefined)
      call.onStored?.(stored, failure)
      if (failure) throw failure
      reads.separate()
      return answer
    } catch (error) {
      if (error instanceof GatewayError && error.members['outcome'] === 'unknown') absences.forget()
      reads.separate()
      throw error
    }
  }

  async #stored<Parameters extends object> (
    upload: Upload<Parameters>, call: UploadCall
  ): Promise<{ answer: Relayed, stored: Stored, failure: GatewayError | undefined }> {
    const sender = new UploadSender(this.#connection, upload, call)
    const { answer, sent } = typeof upload.file === 'string'
      ? await sendUrl(upload, upload.file, sender)
      : await this.#sendFile(upload, upload.file, sender, call)
    const attempts = { 'x-upload-attempts': String(sender.attempts) }
    const stored = readStored(answer.body, sent, attempts)
    const headers = { ...attempts, 'x-upload-integrity': stored.integrity }
    const failure = integrityFailure(stored, this.#limits.verifyStrict)?.but({ headers })
    return { answer: { ...answer, headers: { ...answer.headers, ...headers } }, stored, failure }
  }

  /** Whether a file surely goes in one request, so that the fields after it are in time. Text always does. */
  inOneRequest ({ length, maxLength = length, filename }: StreamedFile): boolean {
    return filename === undefined || (maxLength !== undefined && maxLength <= this.#limits.singleRequestMaxBytes)
  }

  async #sendFile<Parameters extends object> (
    upload: Upload<Parameters>, file: StreamedFile, sender: UploadSender, { signal, owner }: UploadCall
  ): Promise<Delivered> {
    const maxBytes = Math.min(this.#limits.maxBytes, upload.maxBytes ?? Infinity)
    const intake = new Intake(file, { ...this.#limits, maxBytes }, this.#connection.pace.clock)
    const onGone = (): void => intake.stop(new SourceStopped('the caller went away'))
    signal.addEventListener('abort', onGone)
    try {
      await intake.begin()
      const run = new FileRun(upload, intake, sender)
      const chunkBytes = this.#chunkBytesFor(file, owner)
      if (chunkBytes === undefined) return await run.inOneRequest()
      return await run.inChunks(chunkBytes, async () => this.#borrow(chunkBytes, signal, owner))
    } finally {
      signal.removeEventListener('abort', onGone)
      intake.stop(new SourceStopped('the upload is over'))
    }
  }

  /**
   * Small files are held, where there is room for them at once, for they need not wait behind large ones. Up to the limit
   * of a single request, files, and any text, are streamed: undefined. Larger ones, or of unknown size, go in chunks.
   */
  #chunkBytesFor (file: StreamedFile, owner: UploadOwner | undefined): number | undefined {
    const { length, maxLength = length } = file
    const isSmall = maxLength !== undefined && maxLength <= HELD_BYTES
    if (isSmall && this.#budget.hasRoom(HELD_BYTES, owner)) return HELD_BYTES
    return this.inOneRequest(file) ? undefined : this.#limits.chunkBytes
  }

  async #borrow (bytes: number, signal: AbortSignal, owner: UploadOwner | undefined): Promise<Loan> {
    try {
      return await this.#budget.borrow(bytes, signal, owner)
    } catch (cause) {
      throw new GatewayError('client_closed', 'The caller went away before there was room for its file.', { cause })
    }
  }
}

/** Cloudinary's answer to the last request of a file, and what was sent. */
interface Delivered { readonly answer: Relayed, readonly sent: Sent }

async function sendUrl<Parameters extends object> (
  { parameters, resourceType, seal }: Upload<Parameters>, url: string, sender: UploadSender
): Promise<Delivered> {
  const bytes = Buffer.from(url)
  const answer = await sender.send({
    form: () => ({ head: seal(parameters), file: { chunks: only(bytes), length: bytes.length, filename: undefined } }),
    retry: 'unless_stored'
  })
  return { answer, sent: { bytes: undefined, md5: undefined, resourceType } }
}

/** One file on its way from its source to Cloudinary. */
class FileRun<Parameters extends object> {
  readonly #upload: Upload<Parameters>
  readonly #intake: Intake
  readonly #sender: UploadSender
  readonly #id = randomBytes(16).toString('hex')

  constructor (upload: Upload<Parameters>, intake: Intake, sender: UploadSender) {
    this.#upload = upload
    this.#intake = intake
    this.#sender = sender
  }

  /** Streams the file. Fields that stand after it are not known before its end, so then all fields stand there. */
  async inOneRequest (): Promise<Delivered> {
    const { parameters, late } = this.#upload
    const { filename, length } = this.#intake
    const file = (): FilePart => ({ filename, length, chunks: this.#intake.chunks() })
    const tail = late && (async () => this.#seal({ ...parameters, ...await late() }))
    const answer = await this.#sender.send({
      form: () => tail ? { head: {}, file: file(), tail } : { head: this.#seal(parameters), file: file() },
      retry: 'unless_begun'
    })
    return { answer, sent: this.#sent() }
  }

  /** Sends the file chunk by chunk, each in memory that is borrowed for as long as it may have to be sent again. */
  async inChunks (chunkBytes: number, borrow: () => Promise<Loan>): Promise<Delivered> {
    for (let start = 0; ;) {
      const loan = await borrow()
      const chunk = new Chunk(loan.memory)
      const filling = chunk.fill(this.#intake)
      const settled = filling.catch(() => {}) // whoever follows the chunk meets the failure
      try {
        const { size, last } = await this.#extent(chunk, filling, start, chunkBytes)
        const answer = await this.#sender.send(await this.#piece(chunk, start, size, last))
        await filling
        if (last) return { answer, sent: this.#sent() }
        start += size
      } catch (error) {
        this.#intake.stop(new SourceStopped('the upload is over'))
        throw error
      } finally {
        // Nobody else may have the memory while bytes still come in.
        await settled
        loan.release()
      }
    }
  }

  /**
   * How long the chunk is, and whether it is the last. With a known size it can be sent while it comes in; otherwise its
   * end must be known first.
   */
  async #extent (
    chunk: Chunk, filling: Promise<void>, start: number, chunkBytes: number
  ): Promise<{ size: number, last: boolean }> {
    const { length } = this.#intake
    if (length !== undefined) {
      const size = Math.min(chunkBytes, length - start)
      return { size, last: start + size === length }
    }
    await filling
    return { size: chunk.size, last: !await this.#intake.more() }
  }

  async #piece (chunk: Chunk, start: number, size: number, last: boolean): Promise<Piece> {
    const { filename, length = last ? start + size : -1 } = this.#intake
    const whole = start === 0 && last
    const parameters = await this.#parameters(whole, last)
    return {
      form: () => ({ head: this.#seal(parameters), file: { chunks: chunk.bytes(), length: size, filename } }),
      range: whole ? undefined : { 'x-unique-upload-id': this.#id, 'content-range': `bytes ${start}-${start + size - 1}/${length}` },
      partial: !last,
      // A chunk that Cloudinary has already is taken again under the same range.
      retry: whole ? 'unless_stored' : 'always'
    }
  }

  /** Seals the form and holds the file to the limit of that form, even when all of it has arrived. */
  #seal (parameters: Parameters): FormFields {
    const { seal, maxBytesOf } = this.#upload
    const form = seal(parameters)
    this.#intake.limitTo(maxBytesOf?.(form) ?? Infinity)
    return form
  }

  /** Parameters after the file are in time only when the chunk is the whole of it. */
  async #parameters (whole: boolean, last: boolean): Promise<Parameters> {
    const { parameters, late } = this.#upload
    if (late === undefined || !last) return parameters
    const after = await late()
    if (!whole) refuseLate(after)
    return { ...parameters, ...after }
  }

  /** The decoded bytes of a data URI never exist here, so there is no MD5 of them. */
  #sent (): Sent {
    const { storedBytes } = this.#intake
    return { bytes: storedBytes, md5: this.#intake.md5(), resourceType: this.#upload.resourceType }
  }
}

/** The first chunks went out without these fields: nothing is stored, because the last chunk does not follow. */
function refuseLate (late: object): void {
  const names = Object.keys(late)
  if (names.length === 0) return
  throw invalidRequest(names.map((name) => lateField(name, 'a file that is sent in chunks')))
}
