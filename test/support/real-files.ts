import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** A file with what is to be found out about it. */
export interface RealFile {
  readonly bytes: Buffer
  readonly format: string
  readonly width?: number
  readonly height?: number
  readonly pages?: number
}

const SIZE = { width: 40, height: 30 }
const RED = '#ff0000'

const picture = (background = RED) => sharp({ create: { ...SIZE, channels: 3, background } })

/** Three frames of different colors. */
async function frames (): Promise<Buffer[]> {
  return Promise.all([RED, '#00ff00', '#0000ff'].map((color) => picture(color).png().toBuffer()))
}

/** Pictures in every format that is rendered. */
export async function renderedFiles (): Promise<Record<string, RealFile>> {
  const animated = async () => sharp(await frames(), { join: { animated: true } })
  return {
    jpeg: { ...SIZE, format: 'jpg', bytes: await picture().jpeg().toBuffer() },
    'jpeg, progressive': { ...SIZE, format: 'jpg', bytes: await picture().jpeg({ progressive: true }).toBuffer() },
    'jpeg, cmyk': { ...SIZE, format: 'jpg', bytes: await picture().toColourspace('cmyk').jpeg().toBuffer() },
    'jpeg with bytes behind its end': { ...SIZE, format: 'jpg', bytes: Buffer.concat([await picture().jpeg().toBuffer(), Buffer.alloc(500, 7)]) },
    png: { ...SIZE, format: 'png', bytes: await picture().png().toBuffer() },
    'png, palette': { ...SIZE, format: 'png', bytes: await picture().png({ palette: true }).toBuffer() },
    'png, animated': { ...SIZE, format: 'png', bytes: animatedPng(await frames()) },
    webp: { ...SIZE, format: 'webp', bytes: await picture().webp().toBuffer() },
    'webp, animated': { ...SIZE, format: 'webp', pages: 3, bytes: await (await animated()).webp().toBuffer() },
    gif: { ...SIZE, format: 'gif', bytes: await picture().gif().toBuffer() },
    'gif, animated': { ...SIZE, format: 'gif', pages: 3, bytes: await (await animated()).gif().toBuffer() },
    avif: { ...SIZE, format: 'avif', bytes: await picture().avif().toBuffer() },
    tiff: { ...SIZE, format: 'tiff', bytes: await picture().tiff().toBuffer() }
  }
}

/** The chunks of a PNG, with what a file of several frames has besides. Source: PNG specification, third edition, "APNG". */
function animatedPng (pngs: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = pngs
  const header = first.subarray(16, 29)
  let sequence = 0
  const control = () => {
    const data = Buffer.alloc(26)
    data.writeUInt32BE(sequence++, 0)
    data.writeUInt32BE(SIZE.width, 4)
    data.writeUInt32BE(SIZE.height, 8)
    data.writeUInt16BE(1, 20)
    data.writeUInt16BE(10, 22)
    return pngChunk('fcTL', data)
  }
  const count = Buffer.alloc(8)
  count.writeUInt32BE(pngs.length, 0)
  const parts = [pngChunk('IHDR', header), pngChunk('acTL', count)]
  for (const [index, png] of pngs.entries()) {
    parts.push(control())
    const data = pixelData(png)
    if (index === 0) parts.push(pngChunk('IDAT', data))
    else {
      const number = Buffer.alloc(4)
      number.writeUInt32BE(sequence++)
      parts.push(pngChunk('fdAT', Buffer.concat([number, data])))
    }
  }
  return Buffer.concat([first.subarray(0, 8), ...parts, pngChunk('IEND', Buffer.alloc(0))])
}

export function pngChunk (type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** All that its `IDAT` chunks hold. */
function pixelData (png: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  return Buffer.concat(parts)
}

const XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
const BOX = 'width="40" height="30"'
const FILL = `<rect ${BOX} fill="${RED}"/>`

/** One red drawing, written in all the ways that programs write one. */
export function drawings (): Record<string, RealFile> {
  const written: Record<string, string | Buffer> = {
    plain: `<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    declared: `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'with a document type': `<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'with entities': '<?xml version="1.0" encoding="utf-8"?>\n<!-- Generator: Adobe Illustrator -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [\n' +
      '\t<!ENTITY ns_svg "http://www.w3.org/2000/svg">\n\t<!ENTITY ns_flows "http://ns.adobe.com/Flows/1.0/">\n<!-- it\'s > ] a comment -->\n\t<!ENTITY odd \'a > b ] "c"\'>\n' +
      `]>\n<svg xmlns="&ns_svg;" ${BOX}>${FILL}</svg>`,
    'with instructions': `<?xml version="1.0"?>\n<?xml-stylesheet href="a.css" type="text/css"?>\n<?php echo '<p>'; ?>\n<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'behind a long comment': `<!-- ${'All rights reserved. > '.repeat(500)} -->\n<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'behind many comments': `<?xml version="1.0"?>${'<!-- a - b -->\n'.repeat(400)}<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'with a prefix': `<s:svg xmlns:s="http://www.w3.org/2000/svg" ${BOX}><s:rect ${BOX} fill="${RED}"/></s:svg>`,
    'in single quotes': `<svg viewBox='0 0 40 30' data-a='>' xmlns='http://www.w3.org/2000/svg' width='40' height='30'>${FILL}</svg>`,
    'with a byte order mark': `\uFEFF<svg ${XMLNS} ${BOX}>${FILL}</svg>`,
    'in Latin-1': Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><!-- é --><svg ${XMLNS} ${BOX}><title>é</title>${FILL}</svg>`, 'latin1'),
    'in UTF-16': Buffer.from(`\uFEFF<?xml version="1.0" encoding="UTF-16"?><svg ${XMLNS} ${BOX}>${FILL}</svg>`, 'utf16le')
  }
  return Object.fromEntries(Object.entries(written).map(([name, text]) => [`svg, ${name}`, { ...SIZE, format: 'svg', bytes: Buffer.from(text) }]))
}

function bmp (): Buffer {
  const bytes = Buffer.alloc(54 + SIZE.width * 3 * SIZE.height)
  bytes.write('BM', 0, 'latin1')
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(SIZE.width, 18)
  bytes.writeInt32LE(SIZE.height, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  return bytes
}

function ico (png: Buffer): Buffer {
  const head = Buffer.alloc(22)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(1, 4)
  head.writeUInt8(SIZE.width, 6)
  head.writeUInt8(SIZE.height, 7)
  head.writeUInt32LE(png.length, 14)
  head.writeUInt32LE(22, 18)
  return Buffer.concat([head, png])
}

function psd (): Buffer {
  const head = Buffer.alloc(40)
  head.write('8BPS', 0, 'latin1')
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(3, 12)
  head.writeUInt32BE(SIZE.height, 14)
  head.writeUInt32BE(SIZE.width, 18)
  head.writeUInt16BE(8, 22)
  head.writeUInt16BE(3, 24)
  return head
}

/** A box of an ISO file: MP4, MOV, HEIC. */
export function box (type: string, data: Buffer | string = ''): Buffer {
  const body = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}

function pdf (): Buffer {
  return Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type /Pages /Count 2/Kids[3 0 R 4 0 R]>>endobj\n' +
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox [0 0 40 30]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n', 'latin1')
}

/** Images that are stored and never rendered. */
export async function storedFiles (): Promise<Record<string, RealFile>> {
  return {
    bmp: { ...SIZE, format: 'bmp', bytes: bmp() },
    ico: { ...SIZE, format: 'ico', bytes: ico(await picture().png().toBuffer()) },
    psd: { ...SIZE, format: 'psd', bytes: psd() },
    heic: { format: 'heic', bytes: Buffer.concat([box('ftyp', 'heic\0\0\0\0mif1heic'), box('mdat', 'x'.repeat(100))]) },
    pdf: { ...SIZE, format: 'pdf', pages: 2, bytes: pdf() },
    'jpeg xl': { format: 'jxl', bytes: Buffer.from('ff0a7f00000000000000000000000000', 'hex') }
  }
}

/** An AVI with a header and nothing that anybody here could read. */
export function avi (): Buffer {
  const body = Buffer.from('AVI LIST\0\0\0\0hdrl', 'latin1')
  const head = Buffer.alloc(8)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

/** A PNG whose pixels are not those that its header promises. */
export function shortPng (): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIZE.width, 0)
  header.writeUInt32BE(SIZE.height, 4)
  header[8] = 8
  const data = deflateSync(Buffer.alloc(SIZE.width))
  return Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), pngChunk('IHDR', header), pngChunk('IDAT', data), pngChunk('IEND', Buffer.alloc(0))])
}
