import { decoded } from '../../input/decoded.ts'

/** One way in which the signer may have written a value otherwise than it was sent. */
export interface ValueVariant {
  /** Ends the sentence "It was signed …". */
  readonly how: string
  /** The value as it may have been signed; undefined or the same text when this variant does not apply. */
  readonly rewrite: (sent: string) => string | undefined
}

/** Levels of JSON that are spelled otherwise: text that is nothing but brackets grows with the square of them when it is indented. */
const MAX_DEPTH = 20

function isDeeper (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}

function parsed (text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const value = JSON.parse(text) as unknown // JSON.parse returns any
    return isDeeper(value, MAX_DEPTH) ? undefined : value
  } catch {
    return undefined
  }
}

const json = (write: (value: unknown) => string | undefined) => (sent: string): string | undefined => {
  const value = parsed(sent)
  return value === undefined ? undefined : write(value)
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `{"a": 1, "b": [1, 2]}`, as Python and PHP's pretty printers write it; colons and commas inside text stay. */
function spaced (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (isObject(value)) return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${spaced(each)}`).join(', ')}}`
  return JSON.stringify(value)
}

function encoded (text: string): string | undefined {
  return text.isWellFormed() ? encodeURIComponent(text) : undefined
}

const pairs = (text: string): Record<string, string> | undefined => {
  const parts = text.split('|').map((pair) => pair.split('='))
  return parts.every((part) => part.length === 2) ? Object.fromEntries(parts) as Record<string, string> : undefined // each has two members
}

const swap = (table: Readonly<Record<string, string>>) => (sent: string): string | undefined => Object.hasOwn(table, sent) ? table[sent] : undefined

/** The variants that signers and senders confuse, the common ones first. */
export const VALUE_VARIANTS: readonly ValueVariant[] = [
  { how: 'as a JSON list', rewrite: (sent) => JSON.stringify(sent.split(',')) },
  { how: 'with its items joined by commas', rewrite: json((value) => Array.isArray(value) ? value.map(String).join(',') : undefined) },
  { how: 'with its items joined by "|"', rewrite: json((value) => Array.isArray(value) ? value.map(String).join('|') : undefined) },
  { how: 'as name=value pairs', rewrite: json((value) => isObject(value) ? Object.entries(value).map(([name, each]) => `${name}=${String(each)}`).join('|') : undefined) },
  { how: 'as a JSON object', rewrite: (sent) => sent.includes('=') ? JSON.stringify(pairs(sent)) : undefined },
  { how: 'as JSON without blanks', rewrite: json((value) => JSON.stringify(value)) },
  { how: 'as JSON with blanks after commas and colons', rewrite: json(spaced) },
  { how: 'as indented JSON', rewrite: json((value) => JSON.stringify(value, null, 2)) },
  { how: 'as an object that nobody turned into text', rewrite: json((value) => isObject(value) ? '[object Object]' : undefined) },
  { how: 'as a number', rewrite: swap({ true: '1', false: '0' }) },
  { how: 'as true or false', rewrite: swap({ 1: 'true', 0: 'false' }) },
  { how: 'as Python writes it', rewrite: swap({ true: 'True', false: 'False', 1: 'True', 0: 'False' }) },
  { how: 'without the blanks around it', rewrite: (sent) => sent.trim() },
  { how: 'with a blank before it', rewrite: (sent) => ` ${sent}` },
  { how: 'with a blank after it', rewrite: (sent) => `${sent} ` },
  { how: 'with a line end after it', rewrite: (sent) => `${sent}\n` },
  { how: 'without the blanks after its commas', rewrite: (sent) => sent.replace(/,\s+/g, ',') },
  { how: 'with blanks after its commas', rewrite: (sent) => sent.replace(/,(?=\S)/g, ', ') },
  { how: 'with plain line ends (forms send CR LF)', rewrite: (sent) => sent.replaceAll('\r\n', '\n') },
  { how: 'with CR LF line ends', rewrite: (sent) => sent.replace(/\r?\n/g, '\r\n') },
  { how: 'before URL decoding', rewrite: encoded },
  { how: 'before URL decoding, with "+" for blanks', rewrite: (sent) => encoded(sent)?.replaceAll('%20', '+') },
  { how: 'after URL decoding', rewrite: decoded },
  { how: 'after URL decoding, with "+" as a blank', rewrite: (sent) => decoded(sent.replaceAll('+', ' ')) },
  { how: 'with escaped quotes', rewrite: (sent) => sent.replaceAll('"', '&quot;') },
  { how: 'with composed letters (Unicode NFC)', rewrite: (sent) => sent.normalize('NFC') },
  { how: 'with letters and accents apart (Unicode NFD)', rewrite: (sent) => sent.normalize('NFD') },
  { how: 'in milliseconds', rewrite: (sent) => /^\d{10}$/.test(sent) ? `${sent}000` : undefined },
  { how: 'in seconds', rewrite: (sent) => /^\d{13}$/.test(sent) ? sent.slice(0, 10) : undefined }
]
