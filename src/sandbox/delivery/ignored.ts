import type { AssetRecord } from '../asset.ts'
import { flagsOf } from '../transformation/parser.ts'
import type { PreparedChain } from '../transformation/prepared.ts'

/** What of a chain has no effect on this asset in this format, besides what never has one: for the header that says so. */
export function ignoredHere ({ components, ignored }: PreparedChain, record: AssetRecord, format: string | undefined, isOriginal: boolean): string[] {
  const isVideo = record.resource_type === 'video'
  const idle = components.flatMap((component) => [...component].filter(([key, value]) => {
    if (key === 'so') return !isVideo || value === 'auto'
    // A video is delivered as it was stored.
    if (key === 'q' || key === 'f') return isVideo && isOriginal
    return key === 'fl' && format === 'png' && flagsOf(component).includes('lossy')
  }).map(([key, value]) => key === 'fl' ? 'fl_lossy' : `${key}_${value}`))
  return [...new Set([...ignored, ...idle])]
}
