import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program is that a shell would start by this name; `path` is the variable PATH. Looked up once, when first asked for. */
export function programFinder (name: string, path = ''): () => string | undefined {
  let found: { program: string | undefined } | undefined
  return () => {
    found ??= { program: path.split(delimiter).filter((folder) => folder !== '').map((folder) => join(folder, name)).find(isProgram) }
    return found.program
  }
}

function isProgram (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
