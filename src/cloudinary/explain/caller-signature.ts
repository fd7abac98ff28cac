import { randomBytes } from 'node:crypto'
import { GatewayError, invalidRequest, type Fault } from '../../errors.ts'
import { timestampFault } from '../../input/signature-time.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { Secret } from '../../secret.ts'
import type { FormFields } from '../wire/parameters.ts'
import { verifyParameters } from '../wire/signature.ts'
import { diagnose, lengthOf } from './diagnosis.ts'
import type { IssuedSignatures } from './issued-signatures.ts'
import type { Mismatch, MismatchCode } from './mismatch.ts'

export interface CallerProof {
  readonly environment: CloudinaryEnvironment
  /** Every field that came with the file, as text. */
  readonly fields: FormFields
  /** Forms that the signature may be over, the likeliest first; default: the fields as they came. */
  readonly forms?: Iterable<FormFields> | undefined
  readonly nowSeconds: number
  /** Signatures that are known to have been given out, to tell what has changed since. */
  readonly issued?: IssuedSignatures
  /** The cloud that the caller named, if it did. */
  readonly cloudName?: string | undefined
  /** It may not learn which environment has which key and cloud, nor whether one exists: every refusal reads the same. */
  readonly stranger?: boolean
}

/** Nobody signs with it: what is compared with it fits nothing. */
const NOBODYS = new Secret(randomBytes(32).toString('hex'))

/** A key or a cloud of another environment is a mix-up worth telling. */
function addressFault ({ environment, fields, cloudName }: CallerProof): GatewayError | undefined {
  const { api_key: apiKey } = fields
  if (cloudName !== undefined && cloudName !== environment.cloudName) {
    return invalidRequest([{ pointer: '/cloud_name', message: `is not the cloud of the environment "${environment.name}"` }])
  }
  if (apiKey === undefined || apiKey === environment.apiKey) return undefined
  return new GatewayError('signature_mismatch', `api_key is not the key of the environment "${environment.name}".`, { errors: [{ pointer: '/api_key', message: 'belongs to another environment' }] })
}

/** Characters that may be hashed to find the form that was signed, with a charge for each attempt. */
const WORK_LIMIT = 2 * 1024 * 1024
const WORK_PER_ATTEMPT = 512

/** Returns the first form that the signature fits, within `WORK_LIMIT`. */
function fittingForm (
  forms: Iterable<FormFields>, signature: string, secret: Secret
): FormFields | undefined {
  let work = WORK_LIMIT
  for (const form of forms) {
    if (verifyParameters(form, signature, secret)) return form
    work -= lengthOf(form) + WORK_PER_ATTEMPT
    // Before the next form is made, which is work too.
    if (work < 0) break
  }
  return undefined
}

/** Mismatches that a field added by the signer may cause; which field, cannot be guessed here. */
const MAY_LACK: ReadonlySet<MismatchCode> = new Set<MismatchCode>(['field_not_sent', 'unexplained'])
const SEND_ALL = 'If POST /signature made it, the form must send the whole `fields` of that answer: a policy may have added some.'
const SEND_ALL_ADVICE = 'Send the whole `fields` of the answer of `POST /signature` beside `file`, or exactly what another signer has signed.'

/**
 * Makes sure that a caller's signature fits the fields and is still valid, before a byte of the file is sent.
 * Returns the form that was signed.
 * @throws {GatewayError} that says what is wrong, and which field, when that can be known.
 */
export function checkCallerSignature (proof: CallerProof): FormFields {
  const { environment, fields, forms = [fields], nowSeconds, issued, stranger = false } = proof
  const { signature = '', timestamp } = fields
  const faults: Fault[] = []
  const badTimestamp = timestampFault(timestamp, nowSeconds)
  if (badTimestamp && badTimestamp.kind !== 'stale') faults.push({ pointer: '/timestamp', message: badTimestamp.message })
  if (signature === '') faults.push({ pointer: '/signature', message: 'is missing; with a large file, the fields must stand before the file' })
  if (faults.length > 0) throw invalidRequest(faults)
  if (badTimestamp) throw new GatewayError('signature_expired', `The timestamp ${badTimestamp.message}.`)
  const astray = addressFault(proof)
  if (astray && !stranger) throw astray
  // A form for another environment takes as long as one with a wrong signature.
  const secret = astray ? NOBODYS : environment.apiSecret
  const fitting = fittingForm(forms, signature, secret)
  if (fitting) return fitting
  const { signature: _, ...sent } = fields
  throw mismatch(diagnose({
    fields: sent,
    forms,
    signature,
    nowSeconds,
    stranger,
    ...(astray ? { environment: { ...environment, apiSecret: secret } } : { environment, issued })
  }))
}

function mismatch (mismatches: readonly Mismatch[]): GatewayError {
  const mayLack = mismatches.some(({ code }) => MAY_LACK.has(code))
  const sentences = [...mismatches.map(({ message }) => message), ...mayLack ? [SEND_ALL] : []]
  return new GatewayError('signature_mismatch', sentences.join(' '), {
    errors: mismatches.map(({ pointer = '/signature', message }) => ({ pointer, message })),
    members: mayLack ? { advice: SEND_ALL_ADVICE } : {}
  })
}
