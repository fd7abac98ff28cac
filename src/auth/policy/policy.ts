import { createHash } from 'node:crypto'
import { didYouMean } from '../../input/nearest-name.ts'
import { HALF_CHARACTER } from '../../input/strict-json.ts'
import { hostRuleFault } from '../../net/urls.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../schemas/upload-parameters.ts'
import type { Caller } from './caller.ts'
import type { CallerKey } from '../../schemas/caller.ts'
import { ClaimIndex } from './claim-index.ts'
import { parseDigest } from './keys.ts'
import { patternFault, placeholders, type Claims } from './patterns.ts'
import { permissionsOf } from './permissions.ts'
import type { CallerRules, PolicyValue } from './policy-schema.ts'
import { singleUseFaults } from './single-use.ts'
import { leadingFault } from './transformation-codes.ts'

/** A fault of a policy: where in the document, and what is wrong with it. */
export interface PolicyFault {
  readonly path: readonly string[]
  readonly message: string
}

type ReportAt = (path: readonly string[], message: string) => void

/** Set by the gateway itself, or never signed. */
const NOT_FORCED: ReadonlySet<string> = new Set(['timestamp', 'public_id'])

function checkNames (names: readonly string[], path: readonly string[], report: ReportAt): void {
  names.forEach((name, index) => {
    if (SIGNABLE_PARAMETER_NAMES.includes(name)) return
    report([...path, String(index)], `"${name}" is not a parameter that can be signed${didYouMean(name, SIGNABLE_PARAMETER_NAMES)}`)
  })
}

function checkTexts (texts: readonly string[], path: readonly string[], fault: (text: string) => string | undefined, report: ReportAt): void {
  texts.forEach((text, index) => {
    const message = fault(text)
    if (message !== undefined) report([...path, String(index)], message)
  })
}

function forcedFault (text: string): string | undefined {
  if (!text.isWellFormed()) return HALF_CHARACTER
  return /[{}]/.test(text) ? patternFault(text) : undefined
}

/** True for a value that is blank on the wire, separators and all: it would not be signed, and so force nothing. */
const isBlank = (value: unknown): boolean => [value].flat().every((text) => /^[\s,]*$/.test(String(text)))

function checkForced (force: NonNullable<CallerRules['sign']>['force'], path: readonly string[], report: ReportAt): void {
  for (const [name, value] of Object.entries(force ?? {})) {
    if (!SIGNABLE_PARAMETER_NAMES.includes(name) || NOT_FORCED.has(name)) report([...path, name], 'is not a parameter that can be forced')
    else if (isBlank(value)) report([...path, name], 'must not be empty')
    else checkTexts([value].flat().map(String), [...path, name], forcedFault, report)
  }
}

function checkCaller (rules: CallerRules, path: readonly string[], report: ReportAt): void {
  const { folder, sign = {} } = rules
  const folderMessage = folder === undefined ? undefined : folder.includes('*') ? 'must be one folder, without *' : patternFault(folder) ?? leadingFault(folder)
  if (folderMessage !== undefined) report([...path, 'folder'], folderMessage)
  checkTexts(rules.delete?.protected ?? [], [...path, 'delete', 'protected'], patternFault, report)
  checkNames(sign.allow ?? [], [...path, 'sign', 'allow'], report)
  checkNames(sign.require ?? [], [...path, 'sign', 'require'], report)
  checkForced(sign.force, [...path, 'sign', 'force'], report)
  for (const fault of singleUseFaults(sign)) report([...path, 'sign', ...fault.path], fault.message)
  checkTexts(sign.folder ?? [], [...path, 'sign', 'folder'], patternFault, report)
  checkTexts(sign.public_id ?? [], [...path, 'sign', 'public_id'], patternFault, report)
  checkTexts(sign.notification_hosts ?? [], [...path, 'sign', 'notification_hosts'], hostRuleFault, report)
  checkTexts(sign.formats ?? [], [...path, 'sign', 'formats'], (text) => /^[a-z0-9]{1,16}$/.test(text) ? undefined : 'must be a file extension such as png', report)
  // A key brings no claims, so nothing could ever be put in.
  if (!rules.jwt && placeholders(JSON.stringify({ ...rules, keys: [] })).length > 0) report(path, 'uses claims, but only callers with jwt have them')
}

/** How callers can come in besides by the keys of the policy itself. */
export interface CallerSources {
  /** Names that the configuration has keys for. */
  readonly keyNames: readonly string[]
  /** Whether tokens are taken. */
  readonly tokens: boolean
}

/** `CallerSources` with names that are found however many there are. */
interface KnownSources extends Omit<CallerSources, 'keyNames'> { readonly keyNames: ReadonlySet<string> }

/** Returns whether anybody can come by this name. */
const isMet = (name: string, { keys = [], jwt }: CallerRules, keyNames: ReadonlySet<string>): boolean =>
  jwt !== undefined || keys.length > 0 || keyNames.has(name)

/** Reports a rule that no caller can ever fall under: it is a mistake, and the caller that it was meant for may do nothing. */
function checkReach (name: string, rules: CallerRules, sources: KnownSources, report: ReportAt): void {
  const { keyNames, tokens } = sources
  const path = ['callers', name]
  if (rules.jwt && !tokens) report([...path, 'jwt'], 'has no effect without AUTH_JWKS_URL or AUTH_PUBLIC_KEY')
  if (isMet(name, rules, keyNames)) return
  report(path, `can never be met: it has no keys and no jwt, and GATEWAY_KEYS has no key of "${name}"${didYouMean(name, keyNames)}`)
}

/** What the schema cannot say: every fault of a well-formed policy. `environments` are those that exist; without `sources` every caller may exist. */
export function policyFaults ({ callers }: PolicyValue, environments: readonly string[], sources?: CallerSources): PolicyFault[] {
  const faults: PolicyFault[] = []
  const report: ReportAt = (path, message) => { faults.push({ path, message }) }
  const owners = new Map<string, string>()
  const known = sources && { ...sources, keyNames: new Set(sources.keyNames) }
  for (const [name, rules] of Object.entries(callers)) {
    const path = ['callers', name]
    checkCaller(rules, path, report)
    if (known) checkReach(name, rules, known, report)
    checkTexts(rules.environments ?? [], [...path, 'environments'], (text) => environments.includes(text) ? undefined : `there is no environment "${text}"`, report)
    rules.keys?.forEach((text, index) => {
      const digest = text.toLowerCase()
      const owner = owners.get(digest)
      if (owner !== undefined) report([...path, 'keys', String(index)], `is also a key of ${owner}`)
      owners.set(digest, name)
    })
  }
  return faults
}

/** Callers by key and by token. */
export class Policy {
  readonly keys: readonly CallerKey[]
  readonly #rules: ReadonlyMap<string, CallerRules>
  readonly #byClaims: ClaimIndex<readonly [name: string, rules: CallerRules]>
  /** Callers of tokens seen before. A cached token has the same claims object each time. */
  readonly #known = new WeakMap<Claims, Caller>()
  readonly #named = new Map<string, Caller>()

  constructor ({ callers }: PolicyValue) {
    this.#rules = new Map(Object.entries(callers))
    this.#byClaims = new ClaimIndex([...this.#rules].flatMap((entry) => {
      const { jwt } = entry[1]
      return jwt ? [[jwt.claims, entry] as const] : []
    }))
    this.keys = [...this.#rules].flatMap(([caller, { keys = [] }]) => keys.flatMap((text) => {
      const digest = parseDigest(text)
      return digest ? [{ caller, digest }] : []
    }))
  }

  /** The caller of this name, or undefined when the policy does not speak of it. */
  byName (name: string): Caller | undefined {
    const known = this.#named.get(name)
    if (known) return known
    const rules = this.#rules.get(name)
    if (!rules) return undefined
    const caller: Caller = { name, permissions: permissionsOf(rules, {}) }
    this.#named.set(name, caller)
    return caller
  }

  /** Callers of the policy that nobody can be when the configuration has keys for `keyNames` alone. */
  unmet (keyNames: readonly string[]): string[] {
    const known = new Set(keyNames)
    return [...this.#rules].filter(([name, rules]) => !isMet(name, rules, known)).map(([name]) => name)
  }

  /** Names among these that the policy has no rules for: their keys may do nothing. */
  unnamed (keyNames: readonly string[]): string[] { return keyNames.filter((name) => !this.#rules.has(name)) }

  /** The first caller whose claims the token holds. Its `sub` is part of the name, so that each user has a rate of their own. */
  byClaims (claims: Claims): Caller | undefined {
    const known = this.#known.get(claims)
    if (known) return known
    const [name, rules] = this.#byClaims.find(claims) ?? []
    if (name === undefined || rules === undefined) return undefined
    const caller: Caller = {
      name: tokenName(name, claims),
      scope: tokenScope(name, claims),
      claims,
      permissions: permissionsOf(rules, claims)
    }
    this.#known.set(claims, caller)
    return caller
  }
}

/** A name fit for a log line: `visitors/42`. */
export function tokenName (name: string, { sub }: Claims): string {
  return typeof sub === 'string' && sub !== '' ? `${name}/${sub.replace(/[^\w.@:|-]/g, '_').slice(0, 128)}` : name
}

/** Claims that change from one token of the same holder to the next. */
const PASSING: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 'sid', 'uti', 'rh', 'aio'])

/**
 * Whose token it is, whatever characters its `sub` holds. Tokens without one (of machines, mostly) are told apart by all
 * their lasting claims: what is meant for one of them is then not answered to another.
 */
export function tokenScope (name: string, claims: Claims): string {
  const { iss, sub } = claims
  if (typeof sub === 'string' && sub !== '') return `token:${JSON.stringify([name, iss, sub])}`
  const lasting = Object.entries(claims).filter(([claim]) => !PASSING.has(claim)).sort(([one], [other]) => one < other ? -1 : 1)
  return `claims:${createHash('sha256').update(JSON.stringify([name, lasting])).digest('base64')}`
}
