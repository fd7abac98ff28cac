import { constants } from 'node:fs'
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { basename, resolve, sep } from 'node:path'
import { invalidRequest, type GatewayError } from '../../errors.ts'
import { dataUriHead, isDataUri } from '../../input/data-uri.ts'
import { heldFile } from '../../input/forms/inline-file.ts'
import type { StreamedFile } from '../../input/forms/upload-form.ts'
import { seenFileSuffix } from '../../input/fields/seen.ts'

/** Addresses that Cloudinary fetches itself. In Unicode mode `s3` would also match with the letter "ſ". */
const REMOTE = /^(?:https?|ftp|s3|gs):\/\/./i
const BROKEN = /[\s\p{Cc}]/u
const READ_BYTES = 256 * 1024

const fault = (message: string): GatewayError => invalidRequest([{ pointer: '/file', message }])

/** A data URI travels as it is: Cloudinary decodes it, and takes no file name from it. */
function dataUri (text: string): StreamedFile {
  if (text.length === dataUriHead(text)) throw fault('is empty: it has 0 bytes')
  return heldFile(Buffer.from(text))
}

/** The path as it must be opened: below `root` by its text already, without a detour. */
function pathBelow (root: string, given: string, text: string): string {
  const relative = text.startsWith(given + sep) ? text.slice(given.length + 1) : text
  const path = resolve(root, relative)
  // No NUL for the system, no other system's notation, no home folders, nothing that `resolve` had to straighten.
  if (/[\0\\]|^~|^[a-z]:/i.test(text) || !path.startsWith(root + sep) || path !== `${root}${sep}${relative}`) {
    throw fault('is not a path below the upload folder')
  }
  return path
}

/** Opens without following a link and without waiting for a FIFO, then asks the system what it is that was opened. */
async function openRegular (path: string): Promise<{ handle: FileHandle, size: number }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    // A link in any folder of the path, even one swapped in just before the opening, makes this differ.
    if (!stat.isFile() || await readlink(`/proc/self/fd/${handle.fd}`) !== path) throw fault('is not a regular file below the upload folder')
    return { handle, size: stat.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** A regular file below `root`; whether others exist is not told. */
async function serverFile (given: string, text: string): Promise<StreamedFile> {
  try {
    const { handle, size } = await openRegular(pathBelow(await realpath(given), given, text))
    const stream = handle.createReadStream({ highWaterMark: READ_BYTES })
    return { stream, length: size, filename: basename(text), stop: () => { stream.destroy() } }
  } catch (cause) {
    const failure = fault('is not a readable file below the upload folder')
    failure.cause = cause
    throw failure
  }
}

const WANTED = 'must be an http, https, ftp, s3 or gs URL, or a base64 data URI'

/**
 * What the text of a `file` field stands for: a URL stays text, a data URI and a file of the server become a stream.
 * @throws {GatewayError} when it is none of them, or a path that may not be read.
 */
export async function openFileText (text: string, fileRoot: string | undefined): Promise<StreamedFile | string> {
  if (text === '') throw fault('is empty')
  if (REMOTE.test(text) && !BROKEN.test(text)) return text
  if (isDataUri(text)) return dataUri(text)
  const seen = seenFileSuffix(text)
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) throw fault(`${WANTED}${seen}`)
  if (fileRoot === undefined) throw fault(`${WANTED}; files of the server are not open to uploads${seen}`)
  return serverFile(resolve(fileRoot), text)
}
