import { randomBytes } from 'node:crypto'
import { GatewayError, invalidRequest, type Fault } from '../errors.ts'
import type { CloudinaryEnvironment } from '../schemas/environment.ts'
import { CLOCK_AHEAD_SECONDS, MILLISECONDS_FROM, SIGNATURE_LIFE_SECONDS } from '../schemas/signature-time.ts'
import { Secret } from '../secret.ts'
import { diagnose } from './diagnosis.ts'
import type { IssuedSignatures } from './issued-signatures.ts'
import { verifyParameters } from './signature.ts'

function timestampFault (text: string | undefined, nowSeconds: number): Fault | undefined {
  const pointer = '/timestamp'
  if (text === undefined || text === '') return { pointer, message: 'is missing' }
  if (!/^\d{1,15}$/.test(text)) return { pointer, message: 'must be Unix time in whole seconds' }
  const timestamp = Number(text)
  if (timestamp >= MILLISECONDS_FROM) return { pointer, message: `looks like milliseconds; it must be seconds: ${Math.floor(timestamp / 1000)}` }
  if (timestamp > nowSeconds + CLOCK_AHEAD_SECONDS) return { pointer, message: `lies ${timestamp - nowSeconds} seconds in the future; check the clock that made it` }
  return undefined
}

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
  if (badTimestamp) faults.push(badTimestamp)
  if (signature === '') faults.push({ pointer: '/signature', message: 'is missing; with a large file, the fields must stand before the file' })
  if (faults.length > 0) throw invalidRequest(faults)
  const age = nowSeconds - Number(timestamp)
  if (age > SIGNATURE_LIFE_SECONDS) throw new GatewayError('signature_expired', `The timestamp is ${age} seconds old; a signature is good for ${SIGNATURE_LIFE_SECONDS}.`)
  const astray = addressFault(proof)
  if (astray && !stranger) throw astray
  if (!astray && verifyParameters(fields, signature, environment.apiSecret)) return
  const { signature: _, ...sent } = fields
  const findings = diagnose({
    fields: sent,
    signature,
    nowSeconds,
    stranger,
    ...(astray ? { environment: { ...environment, apiSecret: NOBODYS } } : { environment, issued })
  })
  throw new GatewayError('signature_mismatch', findings.map(({ message }) => message).join(' '), {
    errors: findings.map(({ pointer = '/signature', message }) => ({ pointer, message }))
  })
}
