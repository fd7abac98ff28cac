import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../errors.ts'
import { FormFraming } from './form-framing.ts'

/** Every boundary that a Content-Type names; a usable one names one. */
export function boundariesOf (contentType: string): string[] {
  const named = contentType.matchAll(/;\s*boundary=(?:"([^"]*)"|([^;\s]*))/gi)
  return [...named].map(([, quoted, bare = '']) => quoted ?? bare)
}

/** The failure of a caller that left before its body had ended. */
export function gone (cause?: unknown): GatewayError {
  return new GatewayError('client_closed', 'The caller went away before its body had ended.', { cause })
}

/** Watches the framing of a form while its parser reads it. */
export class FormWatch {
  readonly #raw: IncomingMessage
  readonly #framing: FormFraming
  readonly #settled: Promise<void>
  #bytes = 0

  /** To be made in the turn of the event loop in which the parser begins, or bytes are lost for it. */
  constructor (raw: IncomingMessage) {
    this.#raw = raw
    this.#framing = new FormFraming(boundariesOf(raw.headers['content-type'] ?? '')[0] ?? '')
    this.#settled = new Promise((resolve) => {
      raw.on('data', (chunk: Buffer) => {
        this.#bytes += chunk.length
        this.#framing.add(chunk)
        if (this.#framing.failure) resolve()
      }).once('end', () => {
        this.#framing.end()
        resolve()
      }).once('close', resolve)
    })
  }

  /** Bytes of the body that have come. */
  get bytes (): number { return this.#bytes }
  get failure (): GatewayError | undefined { return this.#framing.failure }

  /** Waits for the end of the body, which may be later than the last boundary, or for the first fault. */
  async whole (): Promise<void> {
    // The parser has let go of it.
    this.#raw.resume()
    await this.#settled
    if (!this.failure && !this.#raw.readableEnded) throw gone()
  }
}
