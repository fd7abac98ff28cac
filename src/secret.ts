import { inspect } from 'node:util'

/**
 * Holds a secret so that printing, serialising or inspecting it shows `[secret]`.
 * `reveal()` is the only way out; call it where the bytes are used and keep the result in no field.
 */
export class Secret {
  readonly #value: string
  constructor (value: string) { this.#value = value }
  reveal (): string { return this.#value }
  toString (): string { return '[secret]' }
  toJSON (): string { return '[secret]' }
  [inspect.custom] (): string { return '[secret]' }
}
