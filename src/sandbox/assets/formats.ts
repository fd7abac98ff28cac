import { IMAGE, VIDEO } from '../format-names.ts'
import type { ResourceTypeName } from './kinds.ts'

export function resourceTypeOf (format: string | undefined): ResourceTypeName {
  if (format === undefined) return 'raw'
  return IMAGE.has(format) ? 'image' : VIDEO.has(format) ? 'video' : 'raw'
}

/** `photo.final.JPG` is `photo.final` and `jpg`; a name without a dot, or that begins with its only one, has no extension. */
export function splitExtension (filename: string): { base: string, extension?: string } {
  const [, base, extension] = /^(.+)\.([A-Za-z0-9]{1,10})$/s.exec(filename) ?? []
  return base !== undefined && extension !== undefined ? { base, extension: extension.toLowerCase() } : { base: filename }
}
