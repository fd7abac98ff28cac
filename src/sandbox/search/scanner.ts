import { SandboxError } from '../errors.ts'

/** Walks over an expression, and knows how the vendor says where it went wrong. */
export class Scanner {
  readonly #text: string
  #at = 0
  constructor (text: string) { this.#text = text }

  skipBlanks (): void { this.#at += /^\s*/.exec(this.#rest)?.[0].length ?? 0 }
  atEnd (): boolean {
    this.skipBlanks()
    return this.#rest === ''
  }

  /** Takes what the pattern finds right here, after blanks. The pattern begins with `^`. */
  take (pattern: RegExp): RegExpExecArray | undefined {
    this.skipBlanks()
    return this.takeHere(pattern)
  }

  /** As `take`, with no blank before it. */
  takeHere (pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#rest) ?? undefined
    this.#at += found?.[0].length ?? 0
    return found
  }

  /** Whether the pattern fits here; takes nothing. */
  sees (pattern: RegExp): boolean {
    this.skipBlanks()
    return pattern.test(this.#rest)
  }

  error (): SandboxError {
    const before = this.#text.slice(0, this.#at).trimEnd()
    return new SandboxError(400, `Query Error (at position ${this.#at + 1}) '${before} ➥➥➥${this.#text.slice(this.#at)}'`)
  }

  get #rest (): string { return this.#text.slice(this.#at) }
}
