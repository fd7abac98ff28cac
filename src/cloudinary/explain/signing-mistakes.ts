import { createHmac, hash } from 'node:crypto'
import type { CloudinaryEnvironment, SignatureAlgorithm } from '../../schemas/environment.ts'
import type { Secret } from '../../secret.ts'
import type { FormFields } from '../wire/parameters.ts'
import { escaped, sameDigest, stringToSign, UNSIGNED_NAMES } from '../wire/signature.ts'
import { fieldMismatch, quoted, type Mismatch } from './mismatch.ts'
import { VALUE_VARIANTS } from './value-variants.ts'

/** Fields that were sent, without the signature itself, and the account that they were to be signed for. */
export interface SignedForm {
  readonly fields: FormFields
  readonly environment: Pick<CloudinaryEnvironment, 'cloudName' | 'apiKey' | 'apiSecret'>
}

const MAX_FIELDS = 40
const MAX_FIELDS_FOR_PAIRS = 24
/** Longest value, in characters, that is tried in other variants. */
const MAX_REWRITTEN = 8192
/** Characters that one diagnosis may put together and hash, with a charge for each attempt: nobody keeps the process busy with it. */
const WORK_LIMIT = 1024 * 1024
const WORK_PER_ATTEMPT = 512

/** Tries what may have been signed, within a limit of work; after that nothing is built, and nothing fits any more. */
class Trials {
  readonly #signature: string
  readonly #algorithm: SignatureAlgorithm
  readonly #secret: Secret
  /** What an attempt costs at least: every text holds most of the fields, and building it takes longer than hashing it. */
  readonly #size: number
  #work = WORK_LIMIT
  constructor (signature: string, algorithm: SignatureAlgorithm, secret: Secret, fields: FormFields) {
    this.#signature = signature
    this.#algorithm = algorithm
    this.#secret = secret
    this.#size = Object.entries(fields).reduce((sum, [name, value]) => sum + escaped(`${name}=${value}`).length, WORK_PER_ATTEMPT)
  }

  get spent (): boolean { return this.#work < 0 }

  #affords (): boolean {
    this.#work -= this.#size
    return !this.spent
  }

  fitsText (build: () => string): boolean {
    return this.#affords() && sameDigest(hash(this.#algorithm, build() + this.#secret.reveal(), 'hex'), this.#signature)
  }

  fits (fields: FormFields): boolean {
    let escapes = false
    const build = (): string => {
      const text = stringToSign(fields, 2)
      escapes = text.includes('%26')
      return text
    }
    return this.fitsText(build) || (escapes && this.fitsText(() => stringToSign(fields, 1)))
  }

  fitsHmac (build: () => string): boolean {
    return this.#affords() && sameDigest(createHmac(this.#algorithm, this.#secret.reveal()).update(build()).digest('hex'), this.#signature)
  }
}

function without (fields: FormFields, ...names: string[]): FormFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

/** Pairs in the given order, for signers that break the rules of `stringToSign`. */
function joined (entries: ReadonlyArray<readonly [string, string]>): string {
  return entries.map(([name, value]) => escaped(`${name}=${value}`)).join('&')
}

function sorted (entries: Array<[string, string]>): Array<[string, string]> {
  return entries.sort(([one], [other]) => one < other ? -1 : 1)
}

/** Names that Cloudinary leaves out of the signed text, signed nevertheless: each alone and all sets of them. */
function findUnsignable (trials: Trials, { fields, environment }: SignedForm): Mismatch[] {
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
    if (!trials.fitsText(() => joined(sorted([...signed, ...Object.entries(extra)])))) continue
    return Object.keys(extra).map((name) => fieldMismatch('unsignable_signed', name, `${name} was signed, but Cloudinary leaves it out of what is signed.`))
  }
  return []
}

/** Mistakes in building the text: empty values kept, pairs not sorted, an HMAC instead of a plain digest. */
function findWrongMethod (trials: Trials, { fields }: SignedForm): Mismatch[] {
  const all = Object.entries(fields).filter(([name]) => !UNSIGNED_NAMES.has(name))
  const present = all.filter(([, value]) => value !== '')
  const rest = present.filter(([name]) => name !== 'timestamp')
  const time = present.filter(([name]) => name === 'timestamp')
  if (trials.fitsText(() => joined(sorted([...all])))) {
    return all.filter(([, value]) => value === '').map(([name]) =>
      fieldMismatch('empty_signed', name, `${name} is empty and was signed; empty fields are left out of what is signed.`))
  }
  if ([present, [...rest, ...time], [...time, ...rest]].some((order) => trials.fitsText(() => joined(order)))) {
    return [{ code: 'not_sorted', message: 'The fields were signed in another order; they are sorted by name.' }]
  }
  if (trials.fitsHmac(() => stringToSign(fields, 2))) {
    return [{ code: 'signed_with_hmac', message: 'It was made as an HMAC; Cloudinary wants a plain digest of the text with the secret appended.' }]
  }
  return []
}

/** The same value spelled otherwise: in one field, then in all fields at once. */
function findValueVariant (trials: Trials, fields: FormFields, names: readonly string[]): Mismatch[] {
  const sent = Object.entries(fields).filter(([name, value]) => names.includes(name) && value.length <= MAX_REWRITTEN)
  for (const { how, rewrite } of VALUE_VARIANTS) {
    const rewritten: Record<string, string> = {}
    const mismatches: Mismatch[] = []
    for (const [name, value] of sent) {
      if (trials.spent) return []
      const signed = rewrite(value)
      if (signed === undefined || signed === value) continue
      const mismatch = fieldMismatch('field_spelled_differently', name, `${name} was signed ${how}: as ${quoted(signed)}, but sent as ${quoted(value)}.`)
      if (trials.fits({ ...fields, [name]: signed })) return [mismatch]
      rewritten[name] = signed
      mismatches.push(mismatch)
    }
    if (mismatches.length > 1 && trials.fits({ ...fields, ...rewritten })) return mismatches
  }
  return []
}

/** One field, or two, that the signer never saw. */
function findNotSigned (trials: Trials, fields: FormFields, names: readonly string[]): Mismatch[] {
  const mismatch = (name: string): Mismatch => fieldMismatch('field_not_signed', name, `${name} was sent but not signed.`)
  for (const name of names) {
    if (trials.spent) break
    if (trials.fits(without(fields, name))) return [mismatch(name)]
  }
  if (names.length > MAX_FIELDS_FOR_PAIRS) return []
  for (const [index, one] of names.entries()) {
    if (trials.spent) break
    for (const other of names.slice(index + 1)) if (trials.fits(without(fields, one, other))) return [mismatch(one), mismatch(other)]
  }
  return []
}

function unexplained (names: readonly string[]): Mismatch {
  return {
    code: 'unexplained',
    message: 'No single known mistake explains it: a value was changed after signing, a signed field was not sent, or another secret was used, such as that of another environment. ' +
      `What counts here: ${names.join(', ') || 'no field at all'}.`
  }
}

/**
 * The first known mistake of signers that `signature`, hex digits, is explained by; that there is none, otherwise. The
 * work is bounded.
 */
export function findMistake (form: SignedForm, signature: string, algorithm: SignatureAlgorithm): Mismatch[] {
  const { fields, environment } = form
  const trials = new Trials(signature, algorithm, environment.apiSecret, fields)
  const names = Object.keys(fields).filter((name) => fields[name] !== '' && !UNSIGNED_NAMES.has(name)).sort()
  const few = names.slice(0, MAX_FIELDS)
  const searches = [
    () => findUnsignable(trials, form),
    () => findWrongMethod(trials, form),
    () => findNotSigned(trials, fields, few),
    () => findValueVariant(trials, fields, few)
  ]
  for (const search of searches) {
    const mismatches = search()
    if (mismatches.length > 0) return mismatches
  }
  return [unexplained(few)]
}
