/** Tags that cameras write, by the names that the Exif standard gives them. */
const TAGS: Readonly<Record<number, string>> = {
  0x010e: 'ImageDescription',
  0x010f: 'Make',
  0x0110: 'Model',
  0x0112: 'Orientation',
  0x011a: 'XResolution',
  0x011b: 'YResolution',
  0x0128: 'ResolutionUnit',
  0x0131: 'Software',
  0x0132: 'DateTime',
  0x013b: 'Artist',
  0x8298: 'Copyright',
  0x829a: 'ExposureTime',
  0x829d: 'FNumber',
  0x8822: 'ExposureProgram',
  0x8827: 'PhotographicSensitivity',
  0x9003: 'DateTimeOriginal',
  0x9004: 'DateTimeDigitized',
  0x9201: 'ShutterSpeedValue',
  0x9202: 'ApertureValue',
  0x9204: 'ExposureBiasValue',
  0x9207: 'MeteringMode',
  0x9209: 'Flash',
  0x920a: 'FocalLength',
  0xa001: 'ColorSpace',
  0xa002: 'PixelXDimension',
  0xa003: 'PixelYDimension',
  0xa402: 'ExposureMode',
  0xa403: 'WhiteBalance',
  0xa405: 'FocalLengthIn35mmFilm',
  0xa433: 'LensMake',
  0xa434: 'LensModel',
  0x10001: 'GPSLatitudeRef',
  0x10002: 'GPSLatitude',
  0x10003: 'GPSLongitudeRef',
  0x10004: 'GPSLongitude',
  0x10006: 'GPSAltitude'
}
/** Where further directories begin; numbers in that of GPS mean something else, so they are set apart. */
const SUBDIRECTORIES: Readonly<Record<number, number>> = { 0x8769: 0, 0x8825: 0x10000 }
const BYTES_OF_TYPE: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 9: 4, 10: 8 }
const MAX_ENTRIES = 512

/**
 * The Exif block of an image as texts: numbers as they are, fractions as `47/16`, several by commas. What is broken or unknown in
 * it is left out. Source: CIPA DC-008, "Exchangeable image file format".
 */
export function readExif (block: Buffer | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  const tiff = block?.toString('latin1', 0, 6) === 'Exif\0\0' ? block.subarray(6) : block
  const order = tiff?.toString('latin1', 0, 2)
  if (!tiff || (order !== 'II' && order !== 'MM')) return found
  const read = new TiffReader(tiff, order === 'II')
  const directories: [at: number, base: number][] = [[read.long(4), 0]]
  // A directory that names itself again ends here, too.
  for (let index = 0; index < directories.length && index < 4; index++) {
    const [at, base] = directories[index] ?? [0, 0]
    const count = Math.min(read.short(at), MAX_ENTRIES)
    for (let entry = 0; entry < count; entry++) {
      const place = at + 2 + entry * 12
      const tag = read.short(place)
      const inner = base === 0 ? SUBDIRECTORIES[tag] : undefined
      if (inner !== undefined) directories.push([read.long(place + 8), inner])
      const name = TAGS[base + tag]
      const text = name === undefined ? undefined : read.value(place)
      if (name !== undefined && text !== undefined && text !== '') found[name] = text
    }
  }
  return found
}

/** Reads numbers in either byte order; what lies behind the end is 0. */
class TiffReader {
  readonly #bytes: DataView
  readonly #little: boolean

  constructor (bytes: Buffer, little: boolean) {
    this.#bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#little = little
  }

  short (at: number): number { return this.#holds(at, 2) ? this.#bytes.getUint16(at, this.#little) : 0 }
  long (at: number): number { return this.#holds(at, 4) ? this.#bytes.getUint32(at, this.#little) : 0 }

  /** The value of the entry at `place`; up to four bytes stand in the entry itself. */
  value (place: number): string | undefined {
    const [type, count] = [this.short(place + 2), this.long(place + 4)]
    const bytes = (BYTES_OF_TYPE[type] ?? 0) * count
    const at = bytes <= 4 ? place + 8 : this.long(place + 8)
    if (bytes === 0 || bytes > 65_536 || !this.#holds(at, bytes)) return undefined
    if (type === 2) return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, bytes).toString('utf8').replace(/\0.*$/s, '').trim()
    return Array.from({ length: Math.min(count, 16) }, (_, index) => this.#number(type, at + index * (bytes / count))).join(', ')
  }

  #number (type: number, at: number): string {
    switch (type) {
      case 1: return String(this.#bytes.getUint8(at))
      case 3: return String(this.short(at))
      case 5: return `${this.long(at)}/${this.long(at + 4)}`
      case 9: return String(this.#signed(at))
      case 10: return `${this.#signed(at)}/${this.#signed(at + 4)}`
      default: return String(this.long(at))
    }
  }

  #signed (at: number): number { return this.#bytes.getInt32(at, this.#little) }
  #holds (at: number, bytes: number): boolean { return at >= 0 && at + bytes <= this.#bytes.byteLength }
}
