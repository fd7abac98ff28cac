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

/** For what Cloudinary can and the sandbox does not imitate. */
export function notImitated (what: string): SandboxError {
  return new SandboxError(501, `The sandbox does not imitate ${what}`)
}
