import type { FastifyReply } from 'fastify'
import type { AssetRecord } from '../assets/asset.ts'
import type { CloudSettings } from '../clouds.ts'
import type { CloudStore } from '../store/store.ts'
import { invalidValue } from '../transformation/errors.ts'
import { sameFormat } from '../transformation/output-formats.ts'
import { keepsBytes, type PreparedChain } from '../transformation/prepared.ts'
import type { Derived } from './derived.ts'
import type { Delivered } from './headers.ts'
import type { DeliveryPath } from './path.ts'

/** What a delivery URL leads to. */
export interface Target {
  readonly path: DeliveryPath
  readonly cloud: CloudSettings
  readonly record: AssetRecord
  readonly chain: PreparedChain
  /** What is served instead of a missing asset carries its status. */
  readonly status: number
}

/** Same format and nothing to do: the bytes exactly as they were uploaded. */
export function servesOriginal ({ path, record, chain }: Target): boolean {
  const isSame = path.extension === undefined || sameFormat(path.extension, record.format)
  if (record.resource_type === 'raw') return chain.components.length === 0 || keepsBytes(chain, 'raw')
  return isSame && keepsBytes(chain, record.resource_type)
}

/** `d_` names what to show in place of a missing asset. */
export function placeholderOf (path: DeliveryPath, chain: PreparedChain, store: CloudStore): AssetRecord | undefined {
  const name = chain.components.map((component) => component.get('d')).findLast((value) => value !== undefined)
  if (name === undefined) return undefined
  const publicId = name.replaceAll(':', '/').replace(/\.[a-z0-9]{2,5}$/i, '')
  if (publicId === '') throw invalidValue('default image', name)
  return store.find('image', path.type, publicId) ?? store.find('image', 'upload', publicId)
}

export function extensionOf ({ public_id: publicId }: AssetRecord): string | undefined {
  return /\.([A-Za-z0-9]+)$/.exec(publicId)?.[1]
}

export function deliveredOriginal (record: AssetRecord): Delivered {
  return {
    blob: record.blob,
    bytes: record.bytes,
    etag: record.etag,
    format: record.format ?? extensionOf(record),
    ...(record.width !== undefined && { width: record.width }),
    ...(record.height !== undefined && { height: record.height }),
    modifiedMs: record.version * 1000
  }
}

export function deliveredDerived ({ record }: Derived): Delivered {
  const { blob, bytes, etag, format, width, height, created_at: createdAt } = record
  const size = { ...(width !== undefined && { width }), ...(height !== undefined && { height }) }
  return { blob, bytes, etag, format, ...size, modifiedMs: Date.parse(createdAt) }
}

export function sendInfo (reply: FastifyReply, record: AssetRecord, delivered: Delivered): FastifyReply {
  const { width, height, bytes } = record
  return reply.header('access-control-allow-origin', '*').send({
    input: { width, height, bytes, format: record.format },
    output: { width: delivered.width, height: delivered.height, bytes: delivered.bytes, format: delivered.format }
  })
}
