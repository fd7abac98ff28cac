import type { CallParameters } from '../assets/parameters.ts'
import { SandboxError } from '../errors.ts'

type Value = unknown

/**
 * What a request says, by name, wherever it says it: query, form, JSON. Arrays come as `name[]`, `name[0]`, the name
 * repeated, comma separated or as JSON arrays, depending on the client; all of them end here under the bare name.
 */
export class Fields implements CallParameters {
  readonly #values = new Map<string, Value>()
  readonly #read = new Set<string>()

  /** Adds one text pair of a query or form. */
  append (rawName: string, value: string): void {
    const name = rawName.replace(/\[\d*\]$/, '')
    const present = this.#values.get(name)
    if (present === undefined) this.#values.set(name, name === rawName ? value : [value])
    else this.#values.set(name, [...Array.isArray(present) ? present : [present], value])
  }

  /** Sets a value, replacing what was there. */
  set (name: string, value: Value): void {
    if (value === undefined || value === null) this.#values.delete(name)
    else this.#values.set(name, value)
  }

  /** Adds the members of a JSON object. */
  assign (values: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(values)) this.set(name, value)
  }

  appendQuery (query: string): void {
    for (const [name, value] of new URLSearchParams(query)) this.append(name, value)
  }

  /** Drops all other fields and tells which they were. */
  retain (wanted: (name: string) => boolean): string[] {
    const others = this.names().filter((name) => !wanted(name))
    for (const name of others) this.#values.delete(name)
    return others
  }

  /** Starts to record which fields are read. */
  watch (): void { this.#read.clear() }

  /**
   * Names of the fields that have not been read since `watch`. Fields that ask for nothing are left out: some
   * clients send every flag as `false`.
   */
  unread (): string[] {
    const asksFor = (name: string) => !/^(?:false|0|)$/.test(String(this.#values.get(name) ?? ''))
    return this.names().filter((name) => !this.#read.has(name) && asksFor(name))
  }

  names (): string[] { return [...this.#values.keys()] }
  has (name: string): boolean { return this.text(name) !== undefined }
  raw (name: string): unknown { return this.#take(name) }

  /** The value as text, as clients sign it: arrays joined by a comma. Empty counts as absent. */
  text (name: string): string | undefined {
    const value = this.#take(name)
    return value === undefined || value === null ? undefined : String(value) || undefined
  }

  /** For people: as `text`, but structures as JSON. */
  shown (name: string): string {
    const value = this.#values.get(name)
    const structured = [value].flat().some((one) => typeof one === 'object' && one !== null)
    return structured ? JSON.stringify(value) : this.text(name) ?? ''
  }

  /** Text even if it is empty; undefined only when the field was not sent. For fields that can be cleared. */
  given (name: string): string | undefined {
    const value = this.#take(name)
    return value === undefined ? undefined : String(value)
  }

  /** `true` and `1` are true, anything else is false. */
  flag (name: string, fallback = false): boolean {
    const text = this.text(name)
    return text === undefined ? fallback : text === 'true' || text === '1'
  }

  /** @throws {SandboxError} 400 when it is no whole number from `min` to `max`. */
  integer (name: string, { min, max, fallback }: { min: number, max: number, fallback: number }): number {
    const text = this.text(name)
    if (text === undefined) return fallback
    const number = Number(text)
    if (!Number.isInteger(number) || number < min) throw new SandboxError(400, `Invalid value ${text} for parameter ${name}`)
    return Math.min(number, max)
  }

  /** An array in any of its forms; a single text is split at commas. */
  list (name: string): string[] | undefined {
    const value = this.#take(name)
    if (Array.isArray(value)) return value.map(String)
    const text = this.given(name)
    return text === undefined ? undefined : text.split(',').map((part) => part.trim()).filter((part) => part !== '')
  }

  /**
   * A structured value: sent as JSON, or as text that holds JSON.
   * @throws {SandboxError} 400 when the text is not JSON.
   */
  json (name: string): unknown {
    const value = this.#take(name)
    if (typeof value !== 'string') return value
    try {
      return JSON.parse(value)
    } catch {
      throw new SandboxError(400, `Invalid JSON in parameter ${name}`)
    }
  }

  /** All fields; they count as read. */
  entries (): IterableIterator<[string, Value]> {
    for (const name of this.names()) this.#read.add(name)
    return this.#values.entries()
  }

  #take (name: string): Value {
    this.#read.add(name)
    return this.#values.get(name)
  }
}
