import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { GatewayError, invalidRequest, pointerTo, type Fault } from '../../errors.ts'
import { isMultipart, isTextBody, mediaTypeOf } from '../body-type.ts'
import { GIVEN_TWICE, isNote, requireBytes } from './file-note.ts'
import { tidiedFile, tidiedLongFile } from './file-text.ts'
import { MAX_BESIDE_BYTES, MAX_HEADERS, MAX_PARTS } from './form-framing.ts'
import { FormPatience, type PatienceOptions } from './form-patience.ts'
import { boundariesOf } from './form-watch.ts'

/** A file on its way in: a stream that is read once. */
export interface StreamedFile {
  readonly stream: Readable
  /** Exact size, when known. */
  readonly length?: number | undefined
  /** An upper bound, when that is all there is (a multipart body and its Content-Length). */
  readonly maxLength?: number | undefined
  /** Undefined for text: the bytes are a data URI, and Cloudinary decodes them. */
  readonly filename: string | undefined
  /** Gives the source up; the caller's connection must stay usable for the answer. */
  readonly stop: () => void
}

/** Fields of a form as they came; a name that was repeated has a list. */
export type TextFields = Record<string, string | string[]>

/** A part of a multipart body, as `@fastify/multipart` gives it. */
export type FormPart =
  | { type: 'field', fieldname: string, value: unknown, valueTruncated: boolean }
  | { type: 'file', fieldname: string, filename: string | undefined, mimetype: string, file: Readable }

export interface UploadFormOptions extends PatienceOptions {
  /** Bytes of the whole body, when announced. */
  readonly maxLength: number | undefined
}

/** Text named `file` that is longer can only be a data URI, and is not held. */
const MAX_FILE_TEXT_BYTES = 64 * 1024
const MAX_NAME_LENGTH = 128
const MAX_BOUNDARY_LENGTH = 70

/**
 * How the multipart parser is to be set up. Parts are streams wherever their text must not be touched: the file in
 * every form it has, and JSON, which the parser would rebuild.
 */
export const MULTIPART = {
  // The file is counted by whoever reads it: the parser would cut it off in silence.
  limits: {
    fields: MAX_PARTS,
    files: MAX_PARTS,
    parts: MAX_PARTS,
    fieldSize: MAX_BESIDE_BYTES,
    fileSize: Infinity,
    headerPairs: MAX_HEADERS
  },
  throwFileSizeLimit: false,
  isPartAFile: (name: string | undefined, type: string | undefined, filename: string | undefined): boolean =>
    name === 'file' || filename !== undefined || type === 'application/octet-stream' || type === 'application/json'
}

const fault = (name: string, message: string): GatewayError =>
  invalidRequest([{ pointer: pointerTo(name), message }])

/** A field that stands behind the file, and was needed before it. */
export function lateField (name: string, file = 'the file'): Fault {
  return { pointer: pointerTo(name), message: `came after ${file}; put it before the file, or in the query` }
}

/**
 * Judges a body by its headers alone.
 * @throws {GatewayError} `unsupported_media_type` for another kind of multipart, `invalid_multipart` for a boundary nobody can use.
 */
export function checkBodyHeaders (headers: IncomingHttpHeaders): void {
  if (!isMultipart(headers)) return
  if (mediaTypeOf(headers) !== 'multipart/form-data') throw new GatewayError('unsupported_media_type', 'The only multipart type that is understood is multipart/form-data.')
  const [boundary = '', ...others] = boundariesOf(String(headers['content-type']))
  if (others.length > 0 || boundary === '' || boundary.length > MAX_BOUNDARY_LENGTH) {
    throw new GatewayError('invalid_multipart', `Content-Type must name one boundary of 1 to ${MAX_BOUNDARY_LENGTH} characters.`)
  }
}

/** Size of a file as far as headers tell: exact, or at least so many bytes. */
export interface AnnouncedSize { readonly bytes: number, readonly exact: boolean }

/** What the headers say about the size of the file: a form holds more than it, and JSON has it in another notation. */
export function announcedSize (headers: IncomingHttpHeaders): AnnouncedSize | undefined {
  const { 'content-length': announced } = headers
  // How long a text body may be is for whoever parses it to say.
  if (announced === undefined || isTextBody(headers)) return undefined
  const length = Number(announced)
  const exact = !isMultipart(headers)
  return { bytes: exact ? length : Math.max(0, length - MAX_BESIDE_BYTES), exact }
}

function add (fields: TextFields, name: string, value: string): void {
  const known = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (Array.isArray(known)) known.push(value)
  else fields[name] = known === undefined ? value : [known, value]
}

/** Reads a multipart form in the order in which it comes: fields, the file, and what stands after the file. */
export class UploadForm {
  readonly #parts: AsyncIterator<FormPart>
  readonly #options: UploadFormOptions
  readonly #early: TextFields = Object.create(null) as TextFields // no prototype: names come from outside
  readonly #patience: FormPatience
  #complete = false

  constructor (parts: AsyncIterable<FormPart>, options: UploadFormOptions) {
    this.#parts = parts[Symbol.asyncIterator]()
    this.#options = options
    this.#patience = new FormPatience(options)
  }

  /** True when nothing can follow: the form has been read to its end. */
  get complete (): boolean { return this.#complete }

  /**
   * Reads up to the file. A file given as text (a URL, a short data URI, a path) is read with all that follows it. A note
   * about the file, under the same name, is passed over where bytes follow.
   */
  async open (): Promise<{ fields: TextFields, file: StreamedFile | string }> {
    return this.#patience.beforeFile(async () => this.#open())
  }

  async #open (): Promise<{ fields: TextFields, file: StreamedFile | string }> {
    let note: string | undefined
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) {
      if (part.type === 'file' && part.fieldname === 'file') {
        const file = await this.#file(part)
        if (note !== undefined) requireBytes(file)
        if (typeof file !== 'string' || !isNote(file)) return await this.#opened(file)
        note = file
        continue
      }
      const [name, value] = await this.#field(part)
      add(this.#early, name, value)
    }
    if (note === undefined) throw fault('file', 'is required: send it as a multipart part of this name')
    return { fields: this.#early, file: note }
  }

  async #opened (file: StreamedFile | string): Promise<{ fields: TextFields, file: StreamedFile | string }> {
    if (typeof file === 'string') Object.assign(this.#early, await this.late())
    return { fields: this.#early, file }
  }

  /** The fields after the file, which must have been read to its end before. */
  async late (): Promise<TextFields> {
    this.#patience.afterFile()
    const fields: TextFields = Object.create(null) as TextFields // as above
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) {
      if (part.fieldname === 'file') {
        if (part.type === 'file') part.file.destroy()
        throw fault('file', GIVEN_TWICE)
      }
      const [name, value] = await this.#field(part)
      if (Object.hasOwn(this.#early, name)) throw fault(name, 'is given before and after the file')
      add(fields, name, value)
    }
    return fields
  }

  async #next (): Promise<FormPart | undefined> {
    const { watch } = this.#options
    const { done, value } = await this.#patience.for(this.#parts.next())
    if (done && watch) await this.#patience.for(watch.whole())
    const failure = watch?.failure ?? this.#patience.slowness
    if (failure) {
      if (!done && value.type === 'file') value.file.destroy()
      throw failure
    }
    if (done) this.#complete = true
    return done ? undefined : value
  }

  async #field (part: FormPart): Promise<[string, string]> {
    const name = part.fieldname
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) {
      throw new GatewayError('invalid_multipart', `Each part needs a name of 1 to ${MAX_NAME_LENGTH} characters.`)
    }
    if (part.type === 'field') {
      if (part.valueTruncated) throw tooLong(name)
      return [name, String(part.value)]
    }
    if (part.filename !== undefined) {
      part.file.destroy()
      throw fault(name, 'is a file; the only file is the part named "file"')
    }
    const { text, rest } = await this.#text(part.file, MAX_BESIDE_BYTES)
    if (rest) throw tooLong(name)
    return [name, text.toString()]
  }

  /** A part named `file`: bytes, or text when it has no file name and no type of its own. */
  async #file (part: FormPart & { type: 'file' }): Promise<StreamedFile | string> {
    const { file: stream, filename, mimetype } = part
    const { maxLength } = this.#options
    const stop = (): void => { stream.destroy() }
    if (filename !== undefined || mimetype !== 'text/plain') return { stream, maxLength, filename: filename ?? 'file', stop }
    const { text, rest } = await this.#text(stream, MAX_FILE_TEXT_BYTES)
    if (!rest) return tidiedFile(text.toString())
    try {
      stream.unshift(tidiedLongFile(text))
    } catch (error) {
      stop()
      throw error
    }
    return { stream, maxLength, filename: undefined, stop }
  }

  /** The beginning of a part, of at least `most` bytes when there are as many. `rest`: more follows. */
  async #text (stream: Readable, most: number): Promise<{ text: Buffer, rest: boolean }> {
    const chunks: Buffer[] = []
    let size = 0
    const iterator: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })
    while (size <= most) {
      const { done, value } = await this.#patience.for(iterator.next())
      const { slowness } = this.#patience
      if (slowness) throw slowness
      if (done) return { text: Buffer.concat(chunks), rest: false }
      chunks.push(value)
      size += value.length
    }
    await iterator.return?.()
    return { text: Buffer.concat(chunks), rest: true }
  }
}

function tooLong (name: string): GatewayError {
  return new GatewayError('payload_too_large', `The field "${name}" has more than ${MAX_BESIDE_BYTES} bytes.`)
}
