import type { Asset } from '../../client.ts'
import type { Row } from '../row.ts'

/** What browsers decode. Larger files are not read for a picture of 40 pixels. */
const DRAWN = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/
const LARGEST = 10_000_000
const SIDE = 40

/** `url` when it is one that a browser may be sent to. */
export const webUrl = (url: unknown): string | undefined =>
  typeof url === 'string' && /^https?:\/\//i.test(url) ? url : undefined

/** A small picture of a public asset as Cloudinary delivers it; of a video one frame, of a PDF one page. */
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
  /** Undefined while it is loaded, or when it cannot be. */
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

  /** Shows it only when it is there, so that no picture blinks. If a policy forbids it, the first stays. */
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

  /** Forgets every row but these, and frees what was made for them. */
  keep (rows: readonly Row[]): void {
    for (const row of [...this.#local.keys(), ...this.#delivered.keys()]) {
      if (rows.includes(row)) continue
      this.#revoke(row)
      this.#delivered.delete(row)
    }
  }
}
