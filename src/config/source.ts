import type { ConfigFault } from './config-error.ts'
import { serviceLinks } from './service-links.ts'

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

export const FILE_SUFFIX = '_FILE'

/** What is said about a file that cannot be read: its error code, as a message of Node repeats the path. */
export function unreadable (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code === 'string') return `names a file that cannot be read (${code})`
  return `names a file that cannot be used: ${error instanceof Error ? error.message : 'unknown reason'}`
}

/** The variables, each in its plain form or read from the file that `<NAME>_FILE` names. Collects faults on the way. */
export class Source {
  readonly faults: ConfigFault[] = []
  /** Names of the variables that are set; an empty one counts as unset. */
  readonly names: readonly string[]
  /** Names of the variables that Kubernetes has set for Services; they count as unset. */
  readonly serviceLinks: ReadonlySet<string>
  readonly #variables: EnvironmentVariables
  readonly #readFile: ReadFile

  constructor (variables: EnvironmentVariables, readFile: ReadFile) {
    this.#variables = variables
    this.#readFile = readFile
    this.serviceLinks = serviceLinks(variables)
    this.names = Object.keys(variables).filter((name) => this.plain(name) !== undefined).sort()
  }

  fault (name: string, reason: string): void {
    // A name may be anything; what a terminal would obey is left out.
    this.faults.push({ name: name.replace(/[^ -~]/g, '?'), reason })
  }

  plain (name: string): string | undefined {
    return this.serviceLinks.has(name) ? undefined : this.#variables[name] || undefined
  }

  /** True when either form is set, readable or not. */
  has (name: string): boolean {
    return Boolean(this.plain(name) ?? this.plain(name + FILE_SUFFIX))
  }

  /** The value in either form; undefined when unset, or when a fault was noted. */
  value (name: string): string | undefined {
    const plain = this.plain(name)
    const path = this.plain(name + FILE_SUFFIX)
    if (path === undefined) return plain
    if (plain !== undefined) {
      this.fault(name, `is set together with ${name}${FILE_SUFFIX}; keep one of them`)
      return undefined
    }
    // Editors and `echo` end a file with a line end, which is no part of the secret. Any further one is a fault to be told.
    const text = this.file(name + FILE_SUFFIX, path)?.replace(/\r?\n$/, '')
    if (text === '') this.fault(name + FILE_SUFFIX, 'names a file that is empty')
    return text || undefined
  }

  /** Text of the file that variable `name` points at. */
  file (name: string, path: string): string | undefined {
    try {
      return this.#readFile(path)
    } catch (error) {
      this.fault(name, unreadable(error))
      return undefined
    }
  }
}
