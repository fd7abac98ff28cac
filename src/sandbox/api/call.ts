import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { AdminCall, SignedCall } from './known-parameters.ts'
import type { CloudSettings } from '../clouds.ts'
import type { SandboxContext } from '../context.ts'
import type { CloudStore } from '../store/store.ts'
import type { ReceivedFile } from './body.ts'
import type { Fields } from './fields.ts'

/** One authenticated call of the API, read and ready to be acted upon. */
export interface Call {
  readonly context: SandboxContext
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

/** A call that did not come through the API: of a link, or of what an earlier process has left undone. */
export function callFrom (context: SandboxContext, cloud: CloudSettings, given: Pick<Call, 'method' | 'path' | 'params' | 'fields' | 'unsigned' | 'reply'>): Call {
  return { context, cloud, store: context.store.cloud(cloud.cloudName), headers: {}, file: undefined, ...given }
}

/** A value is sent as JSON; undefined means that the action has answered by itself. */
export type Action = (call: Call) => Promise<unknown>

/**
 * `signed`: Upload API; `call` says which parameters a signature covers. `upload`: as `signed`, and unsigned with a preset.
 * `admin`: Basic or Bearer; with a `call`, also a signature. `none`: the token in it is the credential.
 */
export type Guard = { readonly guard: 'signed', readonly call: SignedCall } | { readonly guard: 'admin', readonly call?: AdminCall } | { readonly guard: 'upload' | 'none' }

export type Route = Guard & {
  readonly method: string
  /** Below `/v1_1/{cloud}/`; `:name` is one segment, `*name` is all that is left, slashes included. */
  readonly path: string
  readonly action: Action
}
