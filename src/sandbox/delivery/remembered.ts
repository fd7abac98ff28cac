/** Results of pure work by their input, as many as fit; then it begins anew. */
export class Remembered<T> {
  readonly #most: number
  readonly #values = new Map<string, T>()

  constructor (most: number) {
    this.#most = most
  }

  get (key: string, make: () => T): T {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = make()
    if (this.#values.size >= this.#most) this.#values.clear()
    this.#values.set(key, value)
    return value
  }
}
