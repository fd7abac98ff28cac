import { SandboxError } from '../errors.ts'

/** True for parts divided by single slashes, none of which leads elsewhere: a URL with `.` or `..` in it never arrives. */
export function isPath (text: string): boolean {
  return text.length <= 255 && !/\p{Cc}/u.test(text) && text.isWellFormed() && text.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** The same for folders, whose names are also read by people: none is blank. */
export function isFolder (text: string): boolean {
  return isPath(text) && text.split('/').every((part) => part.trim() !== '')
}

/**
 * A folder as it is kept: without slashes at its ends, the root as an empty text.
 * @throws {SandboxError} 400 when it is none.
 */
export function readFolder (text: string, parameter: string): string {
  const folder = trimSlashes(text)
  if (folder !== '' && !isFolder(folder)) throw new SandboxError(400, `${parameter} (${text}) is invalid`)
  return folder
}

export function trimSlashes (text: string): string {
  return text.replace(/^\/+|\/+$/g, '')
}
