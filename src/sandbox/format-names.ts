/** Formats by resource type; what stands in neither list is raw. Source: Cloudinary's official clients. */
export const IMAGE: ReadonlySet<string> = new Set(['ai', 'avif', 'bmp', 'bpg', 'djvu', 'eps', 'eps3', 'flif', 'gif', 'glb', 'gltf', 'hdp', 'heic', 'heif', 'hpx', 'ico', 'indd', 'j2k',
  'jp2', 'jpc', 'jpe', 'jpeg', 'jpg', 'jxl', 'miff', 'pdf', 'png', 'psd', 'svg', 'tga', 'tif', 'tiff', 'wdp', 'webp'])
export const VIDEO: ReadonlySet<string> = new Set(['3g2', '3gp', 'aac', 'aifc', 'aiff', 'amr', 'asf', 'avi', 'flac', 'flv', 'h264', 'm2t', 'm2v', 'm3u8', 'm4a', 'mka', 'mkv', 'mov',
  'mp3', 'mp4', 'mpeg', 'ogg', 'ogv', 'opus', 'ts', 'wav', 'webm', 'wma', 'wmv'])

/** Other names of a format to the one that is stored. */
const CANONICAL: Readonly<Record<string, string>> = { jpeg: 'jpg', jpe: 'jpg', tif: 'tiff', mpg: 'mpeg', oga: 'ogg', aif: 'aiff' }

export function canonicalFormat (format: string): string {
  const lower = format.toLowerCase()
  return CANONICAL[lower] ?? lower
}
