import { SandboxError } from '../errors.ts'

/** 400 for a value Cloudinary would refuse. `parameter` is its long name: `width`, `crop`, `flag`. */
export function invalidValue (parameter: string, value: string): SandboxError {
  return new SandboxError(400, `Invalid ${parameter} in transformation: ${value}`)
}

/** 400 for a segment or token that is no `key_value`. */
export function invalidComponent (text: string): SandboxError {
  return new SandboxError(400, `Invalid transformation component - ${text}`)
}
