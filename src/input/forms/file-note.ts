import { invalidRequest } from '../../errors.ts'

/** The fault of a second file in a form. */
export const GIVEN_TWICE = 'is given twice'

/**
 * Says whether the text of a part named `file` is a note about a file: FilePond sends the metadata of a file in that way
 * before its bytes, as a JSON object or blank.
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

/** @throws {GatewayError} `invalid_request` when a text or a data URI follows a note: that is another file, and no bytes. */
export function requireBytes (file: string | { readonly filename: string | undefined, readonly stop: () => void }): void {
  if (typeof file !== 'string' && file.filename !== undefined) return
  if (typeof file !== 'string') file.stop()
  throw invalidRequest([{ pointer: '/file', message: GIVEN_TWICE }])
}
