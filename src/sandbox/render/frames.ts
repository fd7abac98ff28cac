import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'

const LENGTH_BYTES = 4

/** Sends one value: its length, then its bytes in V8's own format. */
export function writeFrame (stream: Duplex, value: unknown): void {
  const body = serialize(value)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  stream.cork()
  stream.write(length)
  stream.write(body)
  stream.uncork()
}

/** Calls back with each whole value that arrives. */
export function onFrame (stream: Duplex, take: (value: unknown) => void): void {
  let parts: Buffer[] = []
  let held = 0
  let wanted = LENGTH_BYTES
  let isBody = false
  stream.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    held += chunk.length
    while (held >= wanted) {
      const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
      const frame = whole.subarray(0, wanted)
      parts = [whole.subarray(wanted)]
      held -= wanted
      wanted = isBody ? LENGTH_BYTES : frame.readUInt32BE()
      if (isBody) take(deserialize(frame))
      isBody = !isBody
    }
  })
}
