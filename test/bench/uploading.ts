import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'

const BLOCK = 256 * 1024
const BOUNDARY = '------------------------d74496d66958873e'
const HEAD = Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`)
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`)

export type Form = 'multipart' | 'raw'

export interface Upload {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form: Form
  readonly bytes: number
  /** Give every block a number, so that none can stand for another, and hash the whole. */
  readonly hash?: boolean
}

const noise = randomBytes(BLOCK)

/** The same noise again and again; numbered when it is hashed. A file on disk would only add its own cost. */
function * blocks (bytes: number, hash: boolean): Generator<Buffer> {
  for (let at = 0; at < bytes; at += BLOCK) {
    const size = Math.min(BLOCK, bytes - at)
    const block = hash ? Buffer.from(noise.subarray(0, size)) : noise.subarray(0, size)
    if (hash && size >= 16) {
      block.writeDoubleBE(at)
      block.writeDoubleBE(Math.random(), 8)
    }
    yield block
  }
}

/**
 * Sends one file and waits for the answer.
 * @returns the hex MD5 of the file when it was asked for.
 */
export async function upload ({ url, headers, form, bytes, hash = false }: Upload): Promise<string | undefined> {
  const around = form === 'multipart' ? HEAD.length + TAIL.length : 0
  const outgoing = request(url, {
    method: 'POST',
    agent: false,
    headers: {
      ...headers,
      'content-type': form === 'multipart' ? `multipart/form-data; boundary=${BOUNDARY}` : 'application/octet-stream',
      'content-length': bytes + around
    }
  })
  const answered = new Promise<{ status: number, text: string }>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (part: string) => { text += part })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text })).on('error', reject)
    })
  })
  const md5 = hash ? createHash('md5') : undefined
  const sent = (async () => {
    if (form === 'multipart') outgoing.write(HEAD)
    for (const block of blocks(bytes, hash)) {
      md5?.update(block)
      if (!outgoing.write(block)) await once(outgoing, 'drain')
    }
    outgoing.end(form === 'multipart' ? TAIL : undefined)
  })()
  // An answer may come before everything was sent, and is then an error.
  const [{ status, text }] = await Promise.all([answered, Promise.race([sent, answered])])
  if (status !== 200) throw new Error(`an upload was answered ${status}: ${text.slice(0, 500)}`)
  return md5?.digest('hex')
}
