import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { RequestRecord, Sandbox } from '../../src/sandbox/index.ts'

/** What a page heard of an upload; runs in the browser. */
const SCRIPT = (client: string): string => `(async () => {
  Object.assign(globalThis, await import(${JSON.stringify(client)}))
  globalThis.follow = (running) => running.then(
    (asset) => ({ asset }),
    (error) => ({ failure: {
      ...error, name: error.name, message: error.message, isUploadError: error instanceof UploadError, outcome: error.outcome
    } })
  )
  globalThis.begin = (file, options) => {
    globalThis.seen = []
    const onProgress = (progress) => {
      seen.push({ ...progress, error: progress.error?.message })
      options.onProgress?.(progress)
    }
    globalThis.running = upload(file, { ...options, onProgress })
    globalThis.outcome = follow(running)
  }
  globalThis.chosen = () => document.querySelector('#input').files[0]
})()`

export interface Seen {
  state: string, loaded: number, total: number, bytesPerSecond: number, secondsLeft: number | null, error?: string
}
export interface Failure {
  name: string,
  message: string,
  code: string,
  status: number,
  advice: string,
  isUploadError: boolean,
  outcome?: string
  errors?: Array<{ pointer?: string, message: string }>
  retryable?: boolean
}
export interface Settled {
  asset?: { public_id: string, bytes: number, etag: string, secure_url: string }, failure?: Failure
}

/** A page with the client module of the gateway. */
export class UploadingPage {
  readonly page: Page

  constructor (page: Page) { this.page = page }

  async load (address: string, gatewayUrl: string): Promise<this> {
    await this.page.goto(address)
    await this.page.evaluate(SCRIPT(`${gatewayUrl}/client.js`))
    return this
  }

  /** Begins an upload: both are expressions of the page. */
  async begin (file: string, options: string): Promise<void> {
    await this.page.evaluate(`begin(${file}, ${options})`)
  }

  async outcome (): Promise<Settled> { return await this.page.evaluate<Settled>('outcome') }

  async upload (file: string, options: string): Promise<Settled> {
    await this.begin(file, options)
    return await this.outcome()
  }

  async run<T = unknown> (script: string): Promise<T> { return await this.page.evaluate<T>(script) }

  /** Progress as the page was told of it. */
  async seen (): Promise<Seen[]> { return await this.page.evaluate<Seen[]>('seen') }

  async states (): Promise<string[]> {
    const states = (await this.seen()).map(({ state }) => state)
    return states.filter((state, index) => state !== states[index - 1])
  }

  async until (expression: string): Promise<void> {
    await this.page.waitForFunction(expression, undefined, { polling: 20 })
  }
}

/** A file of random bytes, and what its asset must have as `etag`. */
export function randomFile (t: Test, bytes: number): { path: string, md5: string } {
  const content = randomBytes(bytes)
  const path = join(t.testdir(), 'film.bin')
  writeFileSync(path, content)
  return { path, md5: createHash('md5').update(content).digest('hex') }
}

/** Uploads that the upstream saw, without what a browser asks beforehand. */
export const uploadsOf = ({ requests }: Sandbox): RequestRecord[] =>
  requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/upload'))

/** Ranges that the upstream has taken, or was sent. */
export const rangesOf = (sandbox: Sandbox, state?: string): string[] =>
  uploadsOf(sandbox).filter((one) => state === undefined || one.state === state).map(
    ({ content_range: range = 'whole' }) => range
  )
