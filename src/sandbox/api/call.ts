import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { AdminCall, SignedCall } from './known-parameters.ts'
import type { CloudSettings } from '../clouds.ts'
import type { RandomSource } from '../random.ts'
import type { CloudStore, Store } from '../store/store.ts'
import type { ReceivedFile } from './body.ts'
import type { Fields } from './fields.ts'

/** What every call depends on, whatever it asks for. */
export interface Surroundings {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: RandomSource
  /** Scheme, host and port that links begin with, without a trailing slash. */
  readonly publicUrl: string
  /** Whether `url` and `secure_url` have the vendor's schemes even where one of them does not open. */
  readonly strictUrls: boolean
}

/** One authenticated call of the API, read and ready to be acted upon. */
export interface Call extends Omit<Surroundings, 'store'> {
  readonly cloud: CloudSettings
  /** The assets of that cloud. */
  readonly store: CloudStore
  readonly method: string
  /** Decoded. */
  readonly path: string
  /** Variable segments of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Query and body together. */
  readonly fields: Fields
  readonly headers: IncomingHttpHeaders
  /** Bytes sent along. Whoever keeps them sets `file` to undefined; what is left is thrown away after the call. */
  file: ReceivedFile | undefined
  /** True when nobody vouches for the caller but an unsigned upload preset. */
  readonly unsigned: boolean
  readonly reply: FastifyReply
}

/** The reply of a call that no request waits for. As after an answer has gone out, nothing is added to it. */
export const UNREAD_REPLY = { sent: true } as FastifyReply

type Given = Pick<Call, 'method' | 'path' | 'params' | 'fields' | 'unsigned' | 'reply'> &
  Partial<Pick<Call, 'headers' | 'file'>>

/**
 * A call of `cloud`. One that came by a link, or that an earlier process has left undone, has neither
 * headers nor a file.
 */
export function callFrom (
  { store, clock, random, publicUrl, strictUrls }: Surroundings, cloud: CloudSettings, given: Given
): Call {
  const own = store.cloud(cloud.cloudName)
  return { cloud, store: own, clock, random, publicUrl, strictUrls, headers: {}, file: undefined, ...given }
}

/**
 * Answers a call. A value is sent as JSON; undefined means that the action has answered by itself.
 * @param services what this action works with besides the call; whoever registers it has to provide them.
 */
export type Action<Services = unknown> = (call: Call, services: Services) => Promise<unknown>

/**
 * `signed`: Upload API; `call` says which parameters a signature covers. `upload`: as `signed`, and unsigned with a preset.
 * `admin`: Basic or Bearer; with a `call`, also a signature. `none`: the token in it is the credential.
 */
export type Guard = { readonly guard: 'signed', readonly call: SignedCall } | { readonly guard: 'admin', readonly call?: AdminCall } | { readonly guard: 'upload' | 'none' }

export type Route<Services = unknown> = Guard & {
  readonly method: string
  /** Below `/v1_1/{cloud}/`; `:name` is one segment, `*name` is all that is left, slashes included. */
  readonly path: string
  readonly action: Action<Services>
}
