import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

const BLOCK = randomBytes(64 * 1024)
const BOUNDARY = 'burst-7d1f'
const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`
const TAIL = `\r\n--${BOUNDARY}--\r\n`
const URI_HEAD = '{"resource_type":"raw","file":"data:application/octet-stream;base64,'
const URI_TAIL = '"}'

/** How a file is sent. `unknown`: in transfer encoding "chunked", as a raw body; `form`: the same as multipart. */
export type Kind = 'unknown' | 'form' | 'sized' | 'json' | 'unknown-json'

/** One answer to an upload; status 0 stands for none. */
export interface Outcome {
  readonly status: number
  readonly code: string | undefined
  readonly retryAfter: string | undefined
  readonly bytes: number | undefined
}

interface Frame { readonly type: string, readonly head: string, readonly tail: string }

const FRAMES: Readonly<Record<Kind, Frame>> = {
  unknown: { type: 'application/octet-stream', head: '', tail: '' },
  sized: { type: 'application/octet-stream', head: '', tail: '' },
  form: { type: `multipart/form-data; boundary=${BOUNDARY}`, head: HEAD, tail: TAIL },
  json: { type: 'application/json', head: URI_HEAD, tail: URI_TAIL },
  'unknown-json': { type: 'application/json', head: URI_HEAD, tail: URI_TAIL }
}

/** Base64 is its own text: zeros of it decode, whatever their number of fours. */
const blockOf = (kind: Kind): Buffer => kind.endsWith('json') ? Buffer.alloc(BLOCK.length, 'A') : BLOCK

const isText = (kind: Kind): boolean => kind === 'json' || kind === 'unknown-json'

async function outcomeOf (answer: IncomingMessage): Promise<Outcome> {
  const { code, bytes } = JSON.parse(await textOf(answer)) as { code?: string, bytes?: number } // an asset or a problem
  return { status: answer.statusCode ?? 0, code, retryAfter: answer.headers['retry-after'], bytes }
}

function * pieces (kind: Kind, bytes: number): Generator<Buffer> {
  const { head, tail } = FRAMES[kind]
  const block = blockOf(kind)
  yield Buffer.from(head)
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length))
  yield Buffer.from(tail)
}

/** Sends one file as fast as it is taken, holding none of it, and tells the outcome; it never throws. */
export async function sendFile (url: string, kind: Kind, bytes: number): Promise<Outcome> {
  const { type, head, tail } = FRAMES[kind]
  const isSized = kind === 'sized' || kind === 'json'
  const sending = request(`${url}/upload${isText(kind) ? '' : '?resource_type=raw'}`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': type, ...(isSized && { 'content-length': head.length + bytes + tail.length }) }
  })
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>
  // An answer may come before the whole body is out, and the rest is then of no interest.
  const sent = pipeline(Readable.from(pieces(kind, bytes)), sending).catch(() => {})
  try {
    const [answer] = await answered
    return await outcomeOf(answer)
  } catch (error) {
    return { status: 0, code: error instanceof Error ? error.message : 'unknown', retryAfter: undefined, bytes: undefined }
  } finally {
    sending.destroy()
    await sent
  }
}
