import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'

// Two lengths: of the value in V8's own format, and of the bytes that go with it as they are.
const HEAD_BYTES = 8

/** Sends one value, and bytes that are not copied on their way into the pipe. */
export function writeFrame (stream: Duplex, value: unknown, bytes: Uint8Array = new Uint8Array(0)): void {
  const body = serialize(value)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(body.length)
  head.writeUInt32BE(bytes.length, 4)
  stream.cork()
  stream.write(Buffer.concat([head, body]))
  if (bytes.length > 0) stream.write(bytes)
  stream.uncork()
}

/** Calls back with each whole value that arrives, and its bytes. */
export function onFrame (stream: Duplex, take: (value: unknown, bytes: Buffer) => void): void {
  let reading = new Reading(HEAD_BYTES)
  let lengths: { value: number, bytes: number } | undefined
  stream.on('data', (chunk: Buffer) => {
    for (let rest = chunk; rest.length > 0;) {
      rest = rest.subarray(reading.fill(rest))
      if (!reading.isFull) return
      const { buffer } = reading
      if (!lengths) {
        lengths = { value: buffer.readUInt32BE(), bytes: buffer.readUInt32BE(4) }
        reading = new Reading(lengths.value + lengths.bytes)
        continue
      }
      const { value } = lengths
      lengths = undefined
      reading = new Reading(HEAD_BYTES)
      take(deserialize(buffer.subarray(0, value)), buffer.subarray(value))
    }
  })
}

/** Bytes of a known number on their way in: each is copied once. */
class Reading {
  readonly buffer: Buffer
  #filled = 0

  constructor (length: number) { this.buffer = Buffer.allocUnsafeSlow(length) }

  get isFull (): boolean { return this.#filled === this.buffer.length }

  /** @returns how many bytes of the chunk were taken. */
  fill (chunk: Buffer): number {
    const taken = chunk.copy(this.buffer, this.#filled)
    this.#filled += taken
    return taken
  }
}
