import { randomBytes } from 'node:crypto'
import { GatewayError, invalidRequest, type Fault } from '../../errors.ts'
import { timestampFault } from '../../input/signature-time.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { Secret } from '../../secret.ts'
import { verifyParameters } from '../wire/signature.ts'
import { diagnose } from './diagnosis.ts'
import type { IssuedSignatures } from './issued-signatures.ts'

export interface CallerProof {
  readonly environment: CloudinaryEnvironment
  /** Every field that came with the file, as text. */
  readonly fields: Readonly<Record<string, string>>
  readonly nowSeconds: number
  /** Signatures that this process gave out, to tell what has changed since. */
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

/**
 * Makes sure that a caller's signature fits the fields and is still good, so that no byte travels for nothing.
 * @throws {GatewayError} that says what is wrong, and which field, when that can be known.
 */
export function checkCallerSignature (proof: CallerProof): void {
  const { environment, fields, nowSeconds, issued, stranger = false } = proof
  const { signature = '', timestamp } = fields
  const faults: Fault[] = []
  const badTimestamp = timestampFault(timestamp, nowSeconds)
  if (badTimestamp && badTimestamp.kind !== 'stale') faults.push({ pointer: '/timestamp', message: badTimestamp.message })
  if (signature === '') faults.push({ pointer: '/signature', message: 'is missing; with a large file, the fields must stand before the file' })
  if (faults.length > 0) throw invalidRequest(faults)
  if (badTimestamp) throw new GatewayError('signature_expired', `The timestamp ${badTimestamp.message}.`)
  const astray = addressFault(proof)
  if (astray && !stranger) throw astray
  if (!astray && verifyParameters(fields, signature, environment.apiSecret)) return
  const { signature: _, ...sent } = fields
  const mismatches = diagnose({
    fields: sent,
    signature,
    nowSeconds,
    stranger,
    ...(astray ? { environment: { ...environment, apiSecret: NOBODYS } } : { environment, issued })
  })
  throw new GatewayError('signature_mismatch', mismatches.map(({ message }) => message).join(' '), {
    errors: mismatches.map(({ pointer = '/signature', message }) => ({ pointer, message }))
  })
}
