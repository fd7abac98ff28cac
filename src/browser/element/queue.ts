import type { Asset, Progress, Upload, UploadOptions, UploadState } from '../client.ts'
import { refusal, type Limits } from './limits.ts'
import { refused, shown } from './problem.ts'
import { isActive, resultText, rowOf, rowOfAsset, sumOf, type Row } from './row.ts'
import type { Words } from './words/words.ts'

/** The part of the element that the queue calls. */
export interface Owner {
  readonly words: Words
  readonly limits: Limits
  /** Resolves when the limits have been read, or cannot be. */
  ready (): Promise<void>
  start (row: Row, options: UploadOptions): Upload
  /** Called when something that is shown has changed. */
  changed (): void
  /** Called when the assets have changed. */
  valueChanged (): void
  emit (name: string, detail: object): void
  announce (text: string): void
  /** Shows a line below the field until the next files are added. An empty one removes it. */
  note (text: string): void
}

/** Returns what is equal when the same file is chosen twice. */
const keyOf = (source: Blob | string | null): unknown =>
  source instanceof File ? [source.name, source.size, source.lastModified].join('/') : source

/** The files of an element, in the order in which they came. */
export class Queue {
  rows: readonly Row[] = []
  readonly #owner: Owner
  /** True from the first upload until the end of all has been announced. */
  #isRunning = false

  constructor (owner: Owner) {
    this.#owner = owner
  }

  get assets (): Asset[] {
    return this.rows.flatMap(({ asset }) => asset ?? [])
  }

  /** True when no file may be added. Where only one is allowed, a new file replaces it. */
  get isFull (): boolean {
    const { maxFiles } = this.#owner.limits
    return maxFiles > 1 && sumOf(this.rows).count >= maxFiles
  }

  /** Takes files and links, and uploads those that may be uploaded. */
  async add (sources: ReadonlyArray<Blob | string>): Promise<void> {
    const rows = this.#chosen(sources).map(rowOf)
    if (rows.length === 0) return
    this.rows = [...this.rows, ...rows]
    this.#owner.changed()
    await this.#owner.ready()
    const waiting = rows.filter((row) => this.rows.includes(row))
    for (const row of waiting) {
      const isLink = typeof row.source === 'string'
      const sentence = isLink ? undefined : refusal(row, this.#owner.limits, this.#owner.words)
      if (sentence) this.#fail(row, refused(sentence), new Error(sentence))
      else this.#start(row)
    }
    const started = waiting.filter(isActive).length
    if (started > 0) this.#owner.announce(this.#owner.words.text('allStarted', { n: started }))
    this.#settled()
  }

  /** Returns the files that may be added, and shows a note about the others. */
  #chosen (sources: ReadonlyArray<Blob | string>): Array<Blob | string> {
    const { words, limits: { maxFiles } } = this.#owner
    const known = this.rows.filter(({ state }) => state !== 'failed')
    const twinOf = (one: Blob | string): Row | undefined => known.find(
      ({ source }) => keyOf(source) === keyOf(one)
    )
    const fresh = sources.filter((one) => !twinOf(one))
    const [twin] = sources.flatMap((one) => twinOf(one) ?? [])
    if (maxFiles === 1 && fresh.length === 1) this.remove(...this.rows)
    const room = maxFiles === 1 ? 1 : maxFiles - known.length
    const notes = [
      twin ? `${twin.name}: ${words.text(twin.state as UploadState)}.` : '', // none of them has failed
      fresh.length > room ? words.text('tooMany', { n: maxFiles }) : ''
    ]
    this.#owner.note(notes.filter(Boolean).join(' '))
    if (maxFiles === 1 && fresh.length > 1) return []
    return fresh.slice(0, Math.max(room, 0))
  }

  #start (row: Row): void {
    this.#isRunning = true
    row.problem = undefined
    row.state = 'waiting'
    try {
      row.upload = this.#owner.start(row, { onProgress: (progress) => { this.#progress(row, progress) } })
    } catch (error) {
      this.#fail(row, shown(error, this.#owner.words), error)
      return
    }
    const { upload } = row
    upload.then((asset) => {
      if (row.upload === upload) this.#finish(row, asset)
    }, (error: Error & { outcome?: string }) => {
      const { words } = this.#owner
      if (row.upload === upload) this.#fail(row, shown(error, words), error)
      // Cancelled too late to be sure that nothing is stored.
      else if (error.outcome) this.#owner.note(`${row.name}: ${words.text('error.unknown')}`)
    })
    this.#owner.changed()
  }

  #progress (row: Row, progress: Progress): void {
    const { state, loaded, bytesPerSecond, secondsLeft } = progress
    if (!isActive(row) || !row.upload) return
    // The promise says when it is done, with the asset.
    Object.assign(row, {
      state: state === 'done' ? 'processing' : state,
      loaded,
      secondsLeft,
      bytesPerSecond: state === 'uploading' ? bytesPerSecond : 0
    })
    const { loaded: sent, total } = sumOf(this.rows)
    this.#owner.emit('progress', { file: row.source, ...progress, all: { loaded: sent, total } })
    this.#owner.changed()
  }

  #finish (row: Row, asset: Asset): void {
    const loaded = row.size ?? asset.bytes
    Object.assign(row, { state: 'done', asset, upload: undefined, loaded, bytesPerSecond: 0 })
    this.#owner.emit('uploaded', { file: row.source, asset })
    this.#owner.valueChanged()
    this.#settled()
  }

  #fail (row: Row, problem: Row['problem'] & object, error: unknown): void {
    Object.assign(row, { state: 'failed', problem, upload: undefined, bytesPerSecond: 0 })
    this.#owner.announce(`${row.name}: ${problem.sentence}`)
    this.#owner.emit('failed', { file: row.source, error })
    this.#settled()
  }

  /** Announces the result when the last upload has ended. */
  #settled (): void {
    const sum = sumOf(this.rows)
    if (this.#isRunning && sum.active === 0) {
      this.#isRunning = false
      this.#owner.announce(resultText(sum, this.#owner.words))
    }
    this.#owner.changed()
  }

  retry (row: Row): void {
    this.#start(row)
  }

  pause (...rows: readonly Row[]): void {
    for (const { upload } of rows) upload?.pause()
  }

  resume (...rows: readonly Row[]): void {
    for (const { upload } of rows) upload?.resume()
  }

  /** Removes rows and aborts their uploads. Stored assets stay stored. */
  remove (...rows: readonly Row[]): void {
    this.rows = this.rows.filter((row) => !rows.includes(row))
    for (const row of rows) {
      const { upload } = row
      row.upload = undefined
      upload?.abort()
    }
    if (rows.some(({ asset }) => asset)) this.#owner.valueChanged()
    this.#isRunning &&= this.rows.some(isActive)
    this.#owner.changed()
  }

  /** Replaces every row by assets that are stored already. */
  replace (assets: readonly Asset[]): void {
    this.remove(...this.rows)
    this.rows = assets.map(rowOfAsset)
  }
}
