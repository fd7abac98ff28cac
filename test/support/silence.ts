export const RATE = 8000

/** Silence: mono, 8 bits, with a header written by hand. */
export function wav (seconds: number): Buffer {
  const samples = Math.round(seconds * RATE)
  const bytes = Buffer.alloc(44 + samples, 128)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + samples, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  for (const [offset, value] of [[20, 1], [22, 1], [32, 1], [34, 8]] as const) bytes.writeUInt16LE(value, offset)
  bytes.writeUInt32LE(RATE, 24)
  bytes.writeUInt32LE(RATE, 28)
  bytes.write('data', 36)
  bytes.writeUInt32LE(samples, 40)
  return bytes
}
