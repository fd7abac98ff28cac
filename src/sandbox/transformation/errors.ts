import { SandboxError } from '../errors.ts'

/** 400 for a value Cloudinary would refuse. `parameter` is its long name: `width`, `crop`, `flag`. */
export function invalidValue (parameter: string, value: string): SandboxError {
  return new SandboxError(400, `Invalid ${parameter} in transformation: ${value}`)
}

/** 400 for a segment or token that is no `key_value`. */
export function invalidComponent (text: string): SandboxError {
  return new SandboxError(400, `Invalid transformation component - ${text}`)
}

/** 400 for what Cloudinary renders and this sandbox does not: named, so that nobody takes it for a mistake of their own. */
export function notRendered (what: string): SandboxError {
  return new SandboxError(400, `The sandbox does not imitate ${what}`)
}
