import { createHmac, hash } from 'node:crypto'
import type { CloudinaryEnvironment, SignatureAlgorithm } from '../schemas/environment.ts'
import type { Secret } from '../secret.ts'
import type { IssuedSignatures } from './issued-signatures.ts'
import { OTHER_SPELLINGS } from './other-spellings.ts'
import { algorithmOf, sameDigest, stringToSign, UNSIGNED_NAMES, verifyParameters } from './signature.ts'

export type FindingCode =
  'timestamp_missing' | 'timestamp_invalid' | 'timestamp_milliseconds' | 'timestamp_stale' | 'timestamp_future' |
  'signature_malformed' | 'signature_version_1' | 'other_environment' | 'field_changed' | 'field_not_signed' | 'field_not_sent' |
  'field_spelled_differently' | 'unsignable_signed' | 'empty_signed' | 'not_sorted' | 'signed_with_hmac' | 'unexplained'

export interface Finding {
  readonly code: FindingCode
  /** JSON pointer to the field that it is about. */
  readonly pointer?: string
  readonly message: string
}

export type SigningEnvironment = Pick<CloudinaryEnvironment, 'name' | 'cloudName' | 'apiKey' | 'apiSecret' | 'signatureVersion'>

export interface DiagnosisInput {
  /** Wire text, as it was received, without the signature itself. */
  readonly fields: Readonly<Record<string, string>>
  readonly signature: string
  readonly environment: SigningEnvironment
  /** Further environments whose secret may have signed. */
  readonly others?: readonly SigningEnvironment[]
  readonly nowSeconds: number
  readonly issued?: IssuedSignatures | undefined
  /** Who asks. What others asked to be signed is not told; absent: the one who holds the signature is known by it. */
  readonly asker?: string | undefined
}

type Fields = Readonly<Record<string, string>>

const LIFETIME_SECONDS = 3600
const CLOCK_SKEW_SECONDS = 300
const MAX_FIELDS = 40
const MAX_FIELDS_FOR_PAIRS = 24
/** Longest value, in characters, that is tried in other spellings. */
const MAX_RESPELLED = 8192
/** Characters hashed for one diagnosis, with a charge for each attempt: some ten milliseconds of work at most. */
const WORK_LIMIT = 4 * 1024 * 1024
const WORK_PER_ATTEMPT = 512

const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
const quoted = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)

/** Tries what may have been signed, within a limit of work; after that nothing fits any more. */
class Trials {
  readonly #signature: string
  readonly #algorithm: SignatureAlgorithm
  readonly #secret: Secret
  #work = WORK_LIMIT
  constructor (signature: string, algorithm: SignatureAlgorithm, secret: Secret) {
    this.#signature = signature
    this.#algorithm = algorithm
    this.#secret = secret
  }

  get spent (): boolean { return this.#work < 0 }

  #affords (text: string): boolean {
    this.#work -= text.length + WORK_PER_ATTEMPT
    return this.#work >= 0
  }

  fitsText (text: string): boolean {
    return this.#affords(text) && sameDigest(hash(this.#algorithm, text + this.#secret.reveal(), 'hex'), this.#signature)
  }

  fits (fields: Fields): boolean {
    if (this.spent) return false
    const text = stringToSign(fields, 2)
    return this.fitsText(text) || (text.includes('%26') && this.fitsText(stringToSign(fields, 1)))
  }

  fitsHmac (text: string): boolean {
    return this.#affords(text) && sameDigest(createHmac(this.#algorithm, this.#secret.reveal()).update(text).digest('hex'), this.#signature)
  }
}

function without (fields: Fields, ...names: string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

/** Pairs in the given order, for signers that break the rules of `stringToSign`. */
function joined (entries: ReadonlyArray<readonly [string, string]>): string {
  return entries.map(([name, value]) => `${name}=${value}`.replaceAll('&', '%26')).join('&')
}

function judgeTimestamp ({ timestamp = '' }: Fields, nowSeconds: number): Finding[] {
  const about = (code: FindingCode, message: string): Finding[] => [{ code, pointer: '/timestamp', message }]
  if (timestamp === '') return about('timestamp_missing', 'timestamp is missing; it is signed and sent in Unix seconds.')
  if (!/^\d{1,15}$/.test(timestamp)) return about('timestamp_invalid', `timestamp is ${quoted(timestamp)}, not a number of Unix seconds.`)
  const seconds = Number(timestamp)
  if (seconds > 100_000_000_000) return about('timestamp_milliseconds', 'timestamp looks like milliseconds; Cloudinary wants seconds.')
  if (nowSeconds - seconds > LIFETIME_SECONDS) {
    return about('timestamp_stale', `timestamp is ${nowSeconds - seconds} seconds old; a signature lives for ${LIFETIME_SECONDS}.`)
  }
  if (seconds - nowSeconds > CLOCK_SKEW_SECONDS) return about('timestamp_future', `timestamp is ${seconds - nowSeconds} seconds ahead of this clock.`)
  return []
}

/**
 * What this process itself signed: the exact differences. Values are told to whoever sends the timestamp that was signed,
 * and so has the form; a signature alone, picked up somewhere, is not to be made into a whole one.
 */
function compareWithIssued ({ fields, issued, asker, environment, nowSeconds }: DiagnosisInput, signature: string): Finding[] {
  const known = issued?.find(signature, nowSeconds)
  if (!known || (asker !== undefined && asker !== known.owner)) return []
  const hasForm = fields['timestamp'] === known.fields['timestamp']
  const findings: Finding[] = []
  if (known.environment !== environment.name) findings.push(otherEnvironment(known.environment, environment.name))
  for (const name of new Set([...Object.keys(known.fields), ...Object.keys(fields)])) {
    const signed = known.fields[name] ?? ''
    const sent = fields[name] ?? ''
    if (UNSIGNED_NAMES.has(name) || signed === sent) continue
    const pointer = pointerTo(name)
    const how = hasForm ? `as ${quoted(signed)}` : 'with another value'
    if (signed === '') findings.push({ code: 'field_not_signed', pointer, message: `${name} was sent but not signed.` })
    else if (sent === '') findings.push({ code: 'field_not_sent', pointer, message: `${name} was signed ${hasForm ? `${how} ` : ''}but not sent.` })
    else findings.push({ code: 'field_changed', pointer, message: `${name} was signed ${how} but sent as ${quoted(sent)}.` })
  }
  return findings
}

function otherEnvironment (signedFor: string, sentTo: string): Finding {
  return { code: 'other_environment', message: `It was signed for the environment "${signedFor}" but sent to "${sentTo}".` }
}

function findOtherEnvironment ({ fields, others = [], environment }: DiagnosisInput, signature: string): Finding[] {
  const signer = others.find((other) => other.name !== environment.name && verifyParameters(fields, signature, other.apiSecret))
  return signer ? [otherEnvironment(signer.name, environment.name)] : []
}

/** Names that Cloudinary leaves out of the signed text, signed nevertheless: each alone and all sets of them. */
function findUnsignable (trials: Trials, { fields, environment }: DiagnosisInput): Finding[] {
  const kinds = new Set([...(fields['resource_type'] ? [fields['resource_type']] : []), 'image', 'auto', 'video', 'raw'])
  const candidates: Record<string, Iterable<string | undefined>> = {
    api_key: [undefined, fields['api_key'] ?? environment.apiKey],
    cloud_name: [undefined, fields['cloud_name'] ?? environment.cloudName],
    file: fields['file'] ? [undefined, fields['file']] : [undefined],
    resource_type: [undefined, ...kinds]
  }
  let sets: Array<Record<string, string>> = [{}]
  for (const [name, values] of Object.entries(candidates)) {
    sets = sets.flatMap((set) => [...values].map((value) => value === undefined ? set : { ...set, [name]: value }))
  }
  const signed = Object.entries(fields).filter(([name, value]) => value !== '' && !UNSIGNED_NAMES.has(name))
  for (const extra of sets.slice(1)) {
    const entries = [...signed, ...Object.entries(extra)].sort(([one], [other]) => one < other ? -1 : 1)
    if (!trials.fitsText(joined(entries))) continue
    return Object.keys(extra).map((name) => ({
      code: 'unsignable_signed', pointer: pointerTo(name), message: `${name} was signed, but Cloudinary leaves it out of what is signed.`
    }))
  }
  return []
}

/** Mistakes in building the text: empty values kept, pairs not sorted, an HMAC instead of a plain digest. */
function findWrongMethod (trials: Trials, { fields }: DiagnosisInput): Finding[] {
  const all = Object.entries(fields).filter(([name]) => !UNSIGNED_NAMES.has(name))
  const present = all.filter(([, value]) => value !== '')
  const rest = present.filter(([name]) => name !== 'timestamp')
  const time = present.filter(([name]) => name === 'timestamp')
  if (trials.fitsText(joined([...all].sort(([one], [other]) => one < other ? -1 : 1)))) {
    return all.filter(([, value]) => value === '').map(([name]) => ({
      code: 'empty_signed', pointer: pointerTo(name), message: `${name} is empty and was signed; empty fields are left out of what is signed.`
    }))
  }
  if ([present, [...rest, ...time], [...time, ...rest]].some((order) => trials.fitsText(joined(order)))) {
    return [{ code: 'not_sorted', message: 'The fields were signed in another order; they are sorted by name.' }]
  }
  if (trials.fitsHmac(stringToSign(fields, 2))) {
    return [{ code: 'signed_with_hmac', message: 'It was made as an HMAC; Cloudinary wants a plain digest of the text with the secret appended.' }]
  }
  return []
}

/** The same value spelled otherwise: in one field, then in all fields at once. */
function findOtherSpelling (trials: Trials, fields: Fields, names: readonly string[]): Finding[] {
  const sent = Object.entries(fields).filter(([name, value]) => names.includes(name) && value.length <= MAX_RESPELLED)
  for (const { how, respell } of OTHER_SPELLINGS) {
    const respelled: Record<string, string> = {}
    const findings: Finding[] = []
    for (const [name, value] of sent) {
      const signed = respell(value)
      if (signed === undefined || signed === value) continue
      const message = `${name} was signed ${how}: as ${quoted(signed)}, but sent as ${quoted(value)}.`
      const finding: Finding = { code: 'field_spelled_differently', pointer: pointerTo(name), message }
      if (trials.fits({ ...fields, [name]: signed })) return [finding]
      respelled[name] = signed
      findings.push(finding)
    }
    if (findings.length > 1 && trials.fits({ ...fields, ...respelled })) return findings
  }
  return []
}

/** One field, or two, that the signer never saw. */
function findNotSigned (trials: Trials, fields: Fields, names: readonly string[]): Finding[] {
  const finding = (name: string): Finding => ({ code: 'field_not_signed', pointer: pointerTo(name), message: `${name} was sent but not signed.` })
  for (const name of names) if (trials.fits(without(fields, name))) return [finding(name)]
  if (names.length > MAX_FIELDS_FOR_PAIRS) return []
  for (const [index, one] of names.entries()) {
    if (trials.spent) break
    for (const other of names.slice(index + 1)) if (trials.fits(without(fields, one, other))) return [finding(one), finding(other)]
  }
  return []
}

function unexplained (names: readonly string[]): Finding {
  return {
    code: 'unexplained',
    message: 'No single known mistake explains it: a value was changed after signing, a signed field was not sent, or another secret was used, such as that of another environment. ' +
      `What counts here: ${names.slice(0, MAX_FIELDS).join(', ') || 'no field at all'}.`
  }
}

function explain (input: DiagnosisInput, signature: string, algorithm: SignatureAlgorithm): Finding[] {
  const { fields, environment } = input
  const exact = compareWithIssued(input, signature)
  if (exact.length > 0) return exact
  const elsewhere = findOtherEnvironment(input, signature)
  if (elsewhere.length > 0) return elsewhere
  const trials = new Trials(signature, algorithm, environment.apiSecret)
  const names = Object.keys(fields).filter((name) => fields[name] !== '' && !UNSIGNED_NAMES.has(name)).sort()
  const few = names.slice(0, MAX_FIELDS)
  const searches = [
    () => findUnsignable(trials, input),
    () => findWrongMethod(trials, input),
    () => findNotSigned(trials, fields, few),
    () => findOtherSpelling(trials, fields, few)
  ]
  for (const search of searches) {
    const findings = search()
    if (findings.length > 0) return findings
  }
  return [unexplained(names)]
}

/**
 * Why a signature does not fit the fields that were sent with it. Only the signature that the caller already holds is
 * ever compared; no other valid one, and never the secret, is part of a finding. The work is bounded.
 */
export function diagnose (input: DiagnosisInput): Finding[] {
  const { fields, environment, nowSeconds } = input
  const findings = judgeTimestamp(fields, nowSeconds)
  const signature = input.signature.trim().toLowerCase()
  const algorithm = algorithmOf(signature)
  if (algorithm === undefined) {
    const message = `signature has ${input.signature.length} characters; it must be 40 (SHA-1) or 64 (SHA-256) hex digits.`
    return [...findings, { code: 'signature_malformed', pointer: '/signature', message }]
  }
  if (signature !== input.signature) {
    findings.push({ code: 'signature_malformed', pointer: '/signature', message: 'signature must be lower-case hex digits without blanks.' })
  }
  const form = verifyParameters(fields, signature, environment.apiSecret)
  if (form === undefined) return [...findings, ...explain(input, signature, algorithm)]
  if (form.version === 1 && environment.signatureVersion === 2) {
    findings.push({ code: 'signature_version_1', message: 'It is valid, but made by signature version 1, which leaves "&" inside values as it is; version 2 writes "%26".' })
  }
  return findings
}
