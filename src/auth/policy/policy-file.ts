import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Value } from '@sinclair/typebox/value'
import type { TSchema } from '@sinclair/typebox'
import { LineCounter, isNode, parseDocument, type Document } from 'yaml'
import { didYouMean } from '../../input/nearest-name.ts'
import { readTextFile } from '../../text-file.ts'
import { Policy, policyFaults, type CallerSources } from './policy.ts'
import { PolicyDocument, type PolicyValue } from './policy-schema.ts'
import { inThread } from './thread.ts'

const POLL_MS = 2_000
/** Pause before the second reading of a file, when a check is asked for. */
const SETTLE_MS = 100
/** Characters of a policy that are read at once, in about 15 ms. Longer ones are read in a thread. */
const SHORT = 16 * 1024
/** As many faults as a person will read. */
const MAX_FAULTS = 50

/** A policy that cannot be used; `faults` names every one of them by line. Holds no value but names: a policy has no secrets, but its neighbours do. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly faults: readonly string[]
  constructor (faults: readonly string[]) {
    super(`The policy is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

const unescape = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~')

/** `line 12, /callers/web/actions/0: ...`; the line of the nearest thing that is there when the thing itself is not. */
function describe (document: Document, lines: LineCounter, path: readonly string[], message: string): string {
  let line = 1
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) {
      line = lines.linePos(node.range[0]).line
      break
    }
  }
  return `line ${line}, /${path.join('/')}: ${message}`
}

/** TypeBox's own words, with the choices and the name that was probably meant. */
function schemaMessage (schema: TSchema, value: unknown, path: readonly string[], message: string): string {
  if (message === 'Unexpected property') {
    const given = path.slice(-1).join()
    const places = MEMBERS.filter(({ name }) => name === given).map(({ place }) => place)
    if (places.length > 0) return `is not known here; it belongs in ${places.join(' or ')}`
    return `is not known here${didYouMean(given, MEMBERS.map(({ name }) => name))}`
  }
  const choices: unknown = schema['choices']
  if (Array.isArray(choices)) {
    return `must be one of ${choices.join(', ')}${typeof value === 'string' ? didYouMean(value, choices) : ''}`
  }
  return schema['x-fault'] ?? message
}

/** Every member that the schema knows, and where it stands: `/callers/<name>/sign`. */
function membersOf (schema: TSchema, place: string): Array<{ name: string, place: string }> {
  const own: Array<[string, TSchema]> = Object.entries(schema.properties ?? {})
  const named: TSchema[] = Object.values(schema.patternProperties ?? {})
  return [
    ...own.flatMap(([name, inside]) => [{ name, place: place === '' ? 'the top of the file' : place }, ...membersOf(inside, `${place}/${name}`)]),
    ...named.flatMap((inside) => membersOf(inside, `${place}/<name>`))
  ]
}
const MEMBERS = membersOf(PolicyDocument, '')

/**
 * Reads a policy from YAML; JSON is YAML too.
 * @throws {PolicyError} that names every fault by line and pointer.
 */
export function parsePolicy (text: string, environments: readonly string[], sources?: CallerSources): Policy {
  return new Policy(policyValue(text, environments, sources))
}

/** A policy that was read, or what is wrong with it. */
export type PolicyReading = { readonly value: PolicyValue } | { readonly faults: readonly string[] }

/** Reads a policy as `parsePolicy` does, for a thread, whose answers are plain values. */
export function readPolicy (...given: Parameters<typeof parsePolicy>): PolicyReading {
  try {
    return { value: policyValue(...given) }
  } catch (error) {
    if (error instanceof PolicyError) return { faults: error.faults }
    throw error
  }
}

function policyValue (text: string, environments: readonly string[], sources?: CallerSources): PolicyValue {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, version: '1.2' })
  if (document.errors.length > 0) throw new PolicyError(document.errors.map(({ message }) => message.replace(/\n[^]*/, '')))
  const value = plainValue(document)
  const faults = new Map<string, string>()
  for (const error of Value.Errors(PolicyDocument, value)) {
    const path = error.path.split('/').slice(1).map(unescape)
    // The first fault of a place is the plainest one.
    if (!faults.has(error.path)) faults.set(error.path, describe(document, lines, path, schemaMessage(error.schema, error.value, path, error.message)))
    if (faults.size >= MAX_FAULTS) break
  }
  if (faults.size > 0) throw new PolicyError([...faults.values()])
  const policy = value as PolicyValue // checked against its schema just now
  const further = policyFaults(policy, environments, sources)
  if (further.length > 0) throw new PolicyError(further.slice(0, MAX_FAULTS).map(({ path, message }) => describe(document, lines, path, message)))
  return policy
}

function plainValue (document: Document): unknown {
  try {
    // Aliases of aliases could make gigabytes of a few lines.
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new PolicyError([String(error)])
  }
}

/** @throws {PolicyError} when it is no file or too large, or the error of the file system. */
function readText (path: string): string {
  try {
    return readTextFile(path)
  } catch (error) {
    if (error instanceof Error && !('code' in error)) throw new PolicyError([error.message])
    throw error
  }
}

export interface PolicyFileOptions {
  readonly environments: readonly string[]
  /** Where callers come from at this moment: a policy for one that can never come is not valid. */
  readonly sources?: () => CallerSources
  readonly pollMs?: number
  /** Told when a changed file has taken effect. */
  readonly onChange?: () => void
  /** Told when a changed file cannot be used; the old policy stays. */
  readonly onFault?: (error: unknown) => void
}

/**
 * A policy that follows its file. Kubernetes swaps files by a link, so the text is compared and not the inode. A change
 * is taken over when two readings in a row agree: half of a file can be a valid policy that allows more than the whole.
 */
export class PolicyFile {
  readonly #path: string
  readonly #options: PolicyFileOptions
  #current: Policy
  /** Digest of the text in force, or of the bad one that was reported. */
  #digest: string
  /** Digest of the latest reading. */
  #seen = ''
  readonly #timer: NodeJS.Timeout
  #checking: Promise<void> | undefined
  /** Resolves when what was found so far is in force, or refused. */
  #taken = Promise.resolve()
  readonly #closing = new AbortController()
  #unreadable = ''
  #isRefused = false

  private constructor (path: string, options: PolicyFileOptions, text: string) {
    this.#path = path
    this.#options = options
    this.#digest = digest(text)
    this.#current = parsePolicy(text, options.environments, options.sources?.())
    this.#timer = setInterval(() => { this.#look() }, options.pollMs ?? POLL_MS).unref()
  }

  /** @throws {PolicyError} or the error of the file system: at start a policy that cannot be used is not started with. */
  static async open (path: string, options: PolicyFileOptions): Promise<PolicyFile> {
    return new PolicyFile(path, options, readText(path))
  }

  get current (): Policy { return this.#current }

  /** Reads the file again, and takes it over when it has changed. Never rejects. Calls at the same time share one reading. */
  check (): Promise<void> {
    this.#checking ??= this.#lookTwice().finally(() => { this.#checking = undefined })
    return this.#checking
  }

  /** As `check`; what was refused is read anew even if it stands there unchanged, since other callers may come now. */
  reconsider (): Promise<void> {
    if (this.#isRefused) this.#digest = ''
    return this.check()
  }

  async #lookTwice (): Promise<void> {
    if (this.#look()) {
      await sleep(SETTLE_MS)
      this.#look()
    }
    await this.#taken
  }

  /** One reading; true when it found a change that the next one has to confirm. */
  #look (): boolean {
    const text = this.#read()
    if (text === undefined) return false
    const found = digest(text)
    const isSettled = found === this.#seen
    this.#seen = found
    if (found === this.#digest) return false
    if (!isSettled) return true
    // Remembered before it is parsed: a bad file is reported once, not every two seconds.
    this.#digest = found
    this.#unreadable = ''
    this.#taken = this.#taken.then(() => this.#takeOver(text))
    return false
  }

  #read (): string | undefined {
    try {
      return readText(this.#path)
    } catch (error) {
      // A file that is gone is told of once. Whoever was told of it is told of its return, changed or not.
      if (this.#unreadable !== String(error)) this.#options.onFault?.(error)
      this.#unreadable = String(error)
      this.#digest = ''
      return undefined
    }
  }

  async #takeOver (text: string): Promise<void> {
    const { signal } = this.#closing
    try {
      this.#current = await this.#parse(text)
      this.#isRefused = false
      this.#options.onChange?.()
    } catch (error) {
      if (signal.aborted) return
      this.#isRefused = true
      this.#options.onFault?.(error)
    }
  }

  async #parse (text: string): Promise<Policy> {
    const given: Parameters<typeof readPolicy> = [text, this.#options.environments, this.#options.sources?.()]
    if (text.length <= SHORT) return parsePolicy(...given)
    const call = { module: import.meta.url, name: readPolicy.name, given }
    const reading = await inThread(call, this.#closing.signal) as PolicyReading // what that function returns
    if ('faults' in reading) throw new PolicyError(reading.faults)
    return new Policy(reading.value)
  }

  close (): void {
    clearInterval(this.#timer)
    this.#closing.abort()
  }
}

function digest (text: string): string { return createHash('sha256').update(text).digest('base64') }
