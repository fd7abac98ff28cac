import { pointerTo, type Fault } from '../../errors.ts'
import { NOT_UTF8 } from '../strict-json.ts'
import type { TextFields } from './upload-form.ts'

const BROKEN_ESCAPE = 'has a "%" that is not followed by two hex digits; send "%25" for a percent sign'

/** What is wrong with an encoded name or value, or undefined. Each character of `piece` is a byte. */
function pieceFault (piece: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(piece)) return BROKEN_ESCAPE
  try {
    decodeURIComponent(piece.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`))
    return undefined
  } catch {
    return NOT_UTF8
  }
}

/** A name for people to find the field by, whatever can be decoded of it. */
function readableName (name: string): string {
  const [[readable = ''] = []] = new URLSearchParams(Buffer.from(name, 'latin1').toString())
  return readable
}

/**
 * Finds the fields of a urlencoded text that cannot be decoded: parsers leave them as they are, or write U+FFFD
 * for what they do not understand. Each character of `text` is a byte.
 */
export function urlencodedFaults (text: string): Fault[] {
  const faults: Fault[] = []
  for (const pair of text.split('&')) {
    const [name = ''] = pair.split('=', 1)
    const inName = pieceFault(name)
    const message = inName === undefined ? pieceFault(pair.slice(name.length)) : `has a name that ${inName}`
    if (message !== undefined) faults.push({ pointer: pointerTo(readableName(name)), message })
  }
  return faults
}

/** Fields of a urlencoded form, and what could not be decoded in them. */
export interface UrlencodedForm { readonly fields: TextFields, readonly faults: readonly Fault[] }

/** Reads a urlencoded form; a name that is repeated has a list. */
export function readUrlencoded (body: Buffer): UrlencodedForm {
  // In one pass: asking the form for each name would take time that grows with the square of its length.
  const read = new Map<string, string[]>()
  let isDoubtful = false
  for (const [name, value] of new URLSearchParams(body.toString())) {
    // Whatever could not be decoded has left one of these.
    if (/[%\ufffd]/.test(name) || value.includes('%') || value.includes('\ufffd')) isDoubtful = true
    const values = read.get(name)
    if (values) values.push(value)
    else read.set(name, [value])
  }
  const pairs = [...read].map(([name, values]) => [name, values.length > 1 ? values : values.join('')] as const)
  const faults = isDoubtful ? urlencodedFaults(body.toString('latin1')) : []
  return { fields: Object.fromEntries(pairs), faults }
}
