/** An answer that is not a success, in Cloudinary's form: `{"error":{"message":...}}`. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor (status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

export function missingParameter (name: string): SandboxError {
  return new SandboxError(400, `Missing required parameter - ${name}`)
}

export function notFound (publicId: string): SandboxError {
  return new SandboxError(404, `Resource not found - ${publicId}`)
}

const MAX_NAME = 200

/**
 * For what Cloudinary can do and the sandbox does not imitate. The official Node client shows its user the
 * message of a 400, but not that of a 501; the header tells such a refusal from every other 400.
 */
export function notImitated (what: string): SandboxError {
  // A header carries visible ASCII only; the message has the name as it is.
  const name = what.replace(/[^\x20-\x7e]+/g, '?').slice(0, MAX_NAME)
  return new SandboxError(400, `The sandbox does not imitate ${what}`, { 'x-sandbox-not-imitated': name })
}
