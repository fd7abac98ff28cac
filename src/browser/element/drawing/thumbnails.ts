import type { Asset } from '../../client.ts'
import type { Row } from '../row.ts'

/** Image types that browsers decode. Files above `LARGEST` are not read for a picture of 40 pixels. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/
const LARGEST = 10_000_000
const SIDE = 40

/** Returns an http(s) URL as it is; undefined for anything else. */
export const webUrl = (url: unknown): string | undefined =>
  typeof url === 'string' && /^https?:\/\//i.test(url) ? url : undefined

/** Returns the URL of a small picture of a public asset. A video shows one frame, a PDF one page. */
export function deliveredUrl ({ secure_url: url, format }: Asset): string | undefined {
  const [, base, kind, rest] = /^(https?:\/\/.+?\/(image|video)\/upload\/)(.+)$/i.exec(url) ?? []
  if (!base || !rest) return undefined
  const side = SIDE * Math.ceil(devicePixelRatio)
  const drawn = kind === 'video' || format === 'pdf' ? rest.replace(/(\.\w+)?$/, '.jpg') : rest
  return `${base}c_limit,h_${side},w_${side}/f_auto,q_auto/${drawn}`
}

/** Pictures of rows: of the chosen file first, then of the stored asset once that has been loaded. */
export class Thumbnails {
  readonly #local = new Map<Row, string>()
  /** Undefined while the picture loads, and when it cannot be loaded. */
  readonly #delivered = new Map<Row, string | undefined>()
  readonly #changed: () => void

  constructor (changed: () => void) {
    this.#changed = changed
  }

  urlOf (row: Row): string | undefined {
    if (row.asset && !this.#delivered.has(row)) this.#load(row, deliveredUrl(row.asset))
    return this.#delivered.get(row) ?? this.#localUrl(row)
  }

  #localUrl (row: Row): string | undefined {
    const { source, type, size = 0 } = row
    if (!(source instanceof Blob) || !DRAWN.test(type) || size > LARGEST) return undefined
    const url = this.#local.get(row) ?? URL.createObjectURL(source)
    this.#local.set(row, url)
    return url
  }

  /**
   * Loads the picture before it is shown, so that none blinks. If a policy forbids it, the local one stays.
   */
  #load (row: Row, url: string | undefined): void {
    this.#delivered.set(row, undefined)
    if (!url) return
    const image = new Image()
    image.onload = () => {
      if (!this.#delivered.has(row)) return
      this.#delivered.set(row, url)
      this.#revoke(row)
      this.#changed()
    }
    image.src = url
  }

  #revoke (row: Row): void {
    const url = this.#local.get(row)
    if (url) URL.revokeObjectURL(url)
    this.#local.delete(row)
  }

  /** Forgets all rows but these, and frees their object URLs. */
  keep (rows: readonly Row[]): void {
    for (const row of [...this.#local.keys(), ...this.#delivered.keys()]) {
      if (rows.includes(row)) continue
      this.#revoke(row)
      this.#delivered.delete(row)
    }
  }
}
