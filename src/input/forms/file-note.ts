import { invalidRequest } from '../../errors.ts'

/** The fault of a second file in a form. */
export const GIVEN_TWICE = 'is given twice'

/**
 * True when the text of a part named `file` is a note about the file. FilePond sends the file's metadata that
 * way before its bytes, as a JSON object or blank.
 */
export function isNote (text: string): boolean {
  if (text.trim() === '') return true
  if (!/^\s*\{/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

interface NotedFile { readonly filename: string | undefined, readonly stop: () => void }

/** @throws {GatewayError} `invalid_request` when text or a data URI follows a note: that is a second file. */
export function requireBytes (file: string | NotedFile): void {
  if (typeof file !== 'string' && file.filename !== undefined) return
  if (typeof file !== 'string') file.stop()
  throw invalidRequest([{ pointer: '/file', message: GIVEN_TWICE }])
}
