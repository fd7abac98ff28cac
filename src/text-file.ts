import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const MAX_BYTES = 1024 * 1024

/**
 * Text of a regular file of up to 1 MiB. A named pipe or a device is refused, not waited for.
 * @throws {Error} whose message holds a reason and neither the path nor the text.
 */
export function readTextFile (path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!fstatSync(file).isFile()) throw new Error('it is not a regular file')
    // One byte more than allowed, and as often as needed: the size that fstat tells may grow while we read.
    const bytes = Buffer.alloc(MAX_BYTES + 1)
    let length = 0
    for (let count = -1; count !== 0;) {
      count = readSync(file, bytes, length, bytes.length - length, null)
      length += count
    }
    if (length > MAX_BYTES) throw new Error('it is larger than 1 MiB')
    return bytes.toString('utf8', 0, length)
  } finally {
    closeSync(file)
  }
}
