import type { AssetRecord } from '../assets/asset.ts'
import { flagsOf, type Component } from '../transformation/parser.ts'
import type { PreparedChain } from '../transformation/prepared.ts'

/** Formats whose files are the same at any quality, as they are written here. */
const WITHOUT_QUALITY = new Set(['png', 'gif'])
const FACE = /^(?:adv_)?faces?(?::|$)|^custom:face/

/** What of a chain has no effect on this asset in this format, besides what never has one: for the header that says so. */
export function ignoredHere ({ components, ignored }: PreparedChain, record: AssetRecord, format: string | undefined, isOriginal: boolean): string[] {
  const hasFaces = record.face_coordinates !== undefined
  const always = ignored.filter((text) => !(hasFaces && text.startsWith('g_') && FACE.test(text.slice(2))))
  const idle = components.flatMap((component) => [...component].flatMap(([key, value]) => idleHere(component, key, value, { record, format, isOriginal })))
  return [...new Set([...always, ...idle])]
}

interface Here { readonly record: AssetRecord, readonly format: string | undefined, readonly isOriginal: boolean }

function idleHere (component: Component, key: string, value: string, { record, format, isOriginal }: Here): string[] {
  const isVideo = record.resource_type === 'video'
  const flags = flagsOf(component)
  switch (key) {
    case 'so': return !isVideo || value === 'auto' ? [`so_${value}`] : []
    // A video is delivered as it was stored.
    case 'f': return isVideo && isOriginal ? [`f_${value}`] : []
    case 'q': return (isVideo && isOriginal) || (!isOriginal && WITHOUT_QUALITY.has(format ?? '') && !flags.includes('png8') && !flags.includes('lossy')) ? [`q_${value}`] : []
    case 'g': {
      const region = /^region_!([^!]+)!$/.exec(value)?.[1]
      return region !== undefined && !Object.hasOwn(record.regions ?? {}, region) ? [`g_${value}`] : []
    }
    default: return []
  }
}
