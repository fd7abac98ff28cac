import { timestampFault } from '../../input/signature-time.ts'
import type { CloudinaryEnvironment, SignatureAlgorithm } from '../../schemas/environment.ts'
import type { FormFields } from '../wire/parameters.ts'
import { algorithmOf, signerTest, UNSIGNED_NAMES, verifyParameters } from '../wire/signature.ts'
import type { IssuedSignatures } from './issued-signatures.ts'
import { quoted, fieldMismatch, type Mismatch } from './mismatch.ts'
import { findMistake } from './signing-mistakes.ts'

export type SigningEnvironment = Pick<CloudinaryEnvironment, 'name' | 'cloudName' | 'apiKey' | 'apiSecret' | 'signatureVersion'>

export interface DiagnosisInput {
  /** Wire text, as it was received, without the signature itself. */
  readonly fields: FormFields
  /** Other readings of the same fields. The one nearest to what was signed is compared with it. */
  readonly forms?: Iterable<FormFields> | undefined
  readonly signature: string
  readonly environment: SigningEnvironment
  /** Further environments whose secret may have signed. */
  readonly others?: readonly SigningEnvironment[]
  readonly nowSeconds: number
  readonly issued?: IssuedSignatures | undefined
  /**
   * The caller that asks. It learns nothing about what others had signed. When absent, the holder of the
   * signature counts as its owner.
   */
  readonly asker?: string | undefined
  /** Nothing but the signature says who asks. */
  readonly stranger?: boolean
}

/** Characters of all fields together among which a mistake is searched: each attempt builds and hashes all of them. */
export const MAX_SEARCHED = 100_000

/** Characters of names and values together. */
export function lengthOf (fields: FormFields): number {
  return Object.entries(fields).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
}

function tooLong (length: number): Mismatch {
  return { code: 'unexplained', message: `The signature does not fit. The fields have ${length} characters together; mistakes are searched in up to ${MAX_SEARCHED}.` }
}

function judgeTimestamp ({ timestamp = '' }: FormFields, nowSeconds: number): Mismatch[] {
  const fault = timestampFault(timestamp, nowSeconds)
  if (!fault) return []
  const shown = fault.kind === 'invalid' ? `timestamp is ${quoted(timestamp)}; it` : 'timestamp'
  return [fieldMismatch(`timestamp_${fault.kind}`, 'timestamp', `${shown} ${fault.message}.`)]
}

/** What was sent and what was signed, where they differ; empty when a field was not there. */
interface Difference { readonly name: string, readonly signed: string, readonly sent: string }

function differences (signed: FormFields, sent: FormFields): Difference[] {
  const names = new Set([...Object.keys(signed), ...Object.keys(sent)].filter((name) => !UNSIGNED_NAMES.has(name)))
  return [...names].map((name) => ({ name, signed: signed[name] ?? '', sent: sent[name] ?? '' })).filter(({ signed, sent }) => signed !== sent)
}

/** The shortest list; of several, the first. */
function fewest (lists: readonly Difference[][]): Difference[] {
  return lists.reduce((shortest, list) => list.length < shortest.length ? list : shortest)
}

function tellDifference ({ name, signed, sent }: Difference, tellsValues: boolean): Mismatch {
  if (signed === '') return fieldMismatch('field_not_signed', name, `${name} was sent but not signed.`)
  if (sent === '') return fieldMismatch('field_not_sent', name, `${name} was signed ${tellsValues ? `as ${quoted(signed)} ` : ''}but not sent.`)
  return fieldMismatch('field_changed', name, `${name} was signed ${tellsValues ? `as ${quoted(signed)}` : 'with another value'} but sent as ${quoted(sent)}.`)
}

/**
 * What the gateway itself signed: the exact differences. Values are told to whoever sends the timestamp that
 * was signed, and so has the form; a signature alone, picked up somewhere, is not to be made into a whole
 * one. A stranger could try times, so it has to have all of the form but one field.
 */
function compareWithIssued (input: DiagnosisInput, signature: string): Mismatch[] {
  const { fields, forms = [], issued, asker, stranger = false, environment } = input
  const known = issued?.find(signature)
  if (!known || (asker !== undefined && asker !== known.owner)) return []
  const found = fewest([fields, ...forms].map((form) => differences(known.fields, form)))
  const hasForm = fields['timestamp'] === known.fields['timestamp'] && (!stranger || found.filter(({ signed }) => signed !== '').length === 1)
  const elsewhere = known.environment === environment.name ? [] : [otherEnvironment(known.environment, environment.name)]
  return [...elsewhere, ...found.map((difference) => tellDifference(difference, hasForm))]
}

function otherEnvironment (signedFor: string, sentTo: string): Mismatch {
  return { code: 'other_environment', message: `It was signed for the environment "${signedFor}" but sent to "${sentTo}".` }
}

function findOtherEnvironment ({ fields, others = [], environment }: DiagnosisInput, signature: string): Mismatch[] {
  const isSigner = signerTest(fields, signature)
  const signer = others.find((other) => other.name !== environment.name && isSigner(other.apiSecret))
  return signer ? [otherEnvironment(signer.name, environment.name)] : []
}

function explain (input: DiagnosisInput, signature: string, algorithm: SignatureAlgorithm): Mismatch[] {
  const exact = compareWithIssued(input, signature)
  if (exact.length > 0) return exact
  const length = lengthOf(input.fields)
  if (length > MAX_SEARCHED) return [tooLong(length)]
  const elsewhere = findOtherEnvironment(input, signature)
  if (elsewhere.length > 0) return elsewhere
  return findMistake(input, signature, algorithm)
}

/**
 * Why a signature does not fit the fields that were sent with it. Only the signature that the caller already holds is
 * ever compared; no other valid one, and never the secret, is part of a mismatch. The work is bounded.
 */
export function diagnose (input: DiagnosisInput): Mismatch[] {
  const { fields, environment, nowSeconds } = input
  const mismatches = judgeTimestamp(fields, nowSeconds)
  const signature = input.signature.trim().toLowerCase()
  const algorithm = algorithmOf(signature)
  if (algorithm === undefined) {
    return [...mismatches, fieldMismatch('signature_malformed', 'signature', `signature has ${input.signature.length} characters; it must be 40 (SHA-1) or 64 (SHA-256) hex digits.`)]
  }
  if (signature !== input.signature) {
    mismatches.push(fieldMismatch('signature_malformed', 'signature', 'signature must be lower-case hex digits without blanks.'))
  }
  const form = verifyParameters(fields, signature, environment.apiSecret)
  if (form === undefined) return [...mismatches, ...explain(input, signature, algorithm)]
  if (form.version === 1 && environment.signatureVersion === 2) {
    mismatches.push({ code: 'signature_version_1', message: 'It is valid, but made by signature version 1, which leaves "&" inside values as it is; version 2 writes "%26".' })
  }
  return mismatches
}
