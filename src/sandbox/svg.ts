const NAMESPACE = 'http://www.w3.org/2000/svg'
/**
 * 24 ASCII characters with `<svg` among them: where libvips looks for a picture of this kind, it finds one.
 */
const MARK = Buffer.from('<!--<svg: for libvips-->')
const BYTE_ORDER_MARK = '\uFEFF'
const ATTRIBUTE = /\s+([^\s=<>/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y
const ROOT = /<(?:([\w.-]+):)?svg(?=[\s/>])/y

/**
 * Tells by the first element of an XML document whether it is an SVG. What comes before that element is
 * skipped, and nothing is expanded or loaded. Returns undefined when `head` ends before the element does.
 */
export function isSvg (head: Buffer): boolean | undefined {
  // Everything that counts here is ASCII, so any superset of it reads alike.
  const text = utf16Text(head) ?? head.toString('latin1').replace(/^ï»¿/, '')
  const start = rootStart(text)
  if (start === undefined) return undefined
  ROOT.lastIndex = start
  const [root, prefix] = ROOT.exec(text) ?? []
  return root === undefined ? false : isOfNamespace(text, start + root.length, prefix)
}

/**
 * The namespace may be an entity, as Illustrator writes it. Without a prefix it may be missing: renderers do
 * not mind.
 */
function isOfNamespace (text: string, from: number, prefix: string | undefined): boolean | undefined {
  const wanted = prefix === undefined ? 'xmlns' : `xmlns:${prefix}`
  ATTRIBUTE.lastIndex = from
  let end = from
  for (let found = ATTRIBUTE.exec(text); found; found = ATTRIBUTE.exec(text)) {
    const [, name, double, single] = found
    const value = double ?? single ?? ''
    if (name === wanted) return value === NAMESPACE || value.startsWith('&')
    end = ATTRIBUTE.lastIndex
  }
  return /^\s*\/?>/.test(text.slice(end, end + 1000)) ? prefix === undefined : undefined
}

/** Index of the first element, after the declaration, comments, instructions and the document type. */
function rootStart (text: string): number | undefined {
  let at = skipBlanks(text, 0)
  while (at < text.length) {
    const end = text.startsWith('<?', at)
      ? behind(text, '?>', at)
      : text.startsWith('<!--', at)
        ? behind(text, '-->', at + 4)
        : text.startsWith('<!DOCTYPE', at) ? documentTypeEnd(text, at) : at
    if (end === undefined) return undefined
    if (end === at) return isUnfinished(text.slice(at, at + 200)) ? undefined : at
    at = skipBlanks(text, end)
  }
  return undefined
}

/** True when a tag is cut off before its name ends. */
function isUnfinished (tag: string): boolean {
  return /^<[\w.:-]*$/.test(tag) || '<!--'.startsWith(tag) || '<!DOCTYPE'.startsWith(tag)
}

function skipBlanks (text: string, from: number): number {
  const blanks = /\s*/y
  blanks.lastIndex = from
  return from + (blanks.exec(text)?.[0].length ?? 0)
}

function behind (text: string, mark: string, from: number): number | undefined {
  const at = text.indexOf(mark, from)
  return at < 0 ? undefined : at + mark.length
}

/** Brackets and `>` mean nothing in quotes, and quotes mean nothing in comments. */
function documentTypeEnd (text: string, from: number): number | undefined {
  const tokens = /<!--|<\?|["'[\]>]/g
  tokens.lastIndex = from
  let isInside = false
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    const [mark] = token
    const close = mark === '<!--' ? '-->' : mark === '<?' ? '?>' : mark === '"' || mark === '\'' ? mark : undefined
    if (close !== undefined) {
      const end = behind(text, close, tokens.lastIndex)
      if (end === undefined) return undefined
      tokens.lastIndex = end
    } else if (mark === '>') {
      if (!isInside) return tokens.lastIndex
    } else isInside = mark === '['
  }
  return undefined
}

/**
 * The same document in a form that libvips takes for an SVG: it looks for `<svg` among the first thousand
 * bytes, and for ASCII among the first few. Source: libvips, `vips_foreign_load_svg_is_a`.
 */
export function plainSvg (bytes: Buffer): Buffer {
  const text = utf16Text(bytes)
  // Its declaration names an encoding that it no longer has.
  const plain = text === undefined ? withoutMark(bytes) : Buffer.from(text.replace(/^<\?xml[^>]*\?>/, ''))
  const declaration = /^<\?xml\s[^>]*\?>/.exec(plain.toString('latin1', 0, 1000))?.[0].length ?? 0
  return Buffer.concat([plain.subarray(0, declaration), MARK, plain.subarray(declaration)])
}

function withoutMark (bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from(BYTE_ORDER_MARK)) ? bytes.subarray(3) : bytes
}

/**
 * Decodes UTF-16, which shows by its byte order mark or by the zeros beside its first character. Returns
 * undefined for any other encoding.
 */
function utf16Text (bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 4)
  const isLittle = /^(?:ÿþ|<\0[?!\w]\0)/.test(start)
  if (!isLittle && !/^(?:þÿ|\0<\0[?!\w])/.test(start)) return undefined
  const even = bytes.subarray(0, bytes.length & ~1)
  return (isLittle ? even : Buffer.from(even).swap16()).toString('utf16le').replace(/^\uFEFF/, '')
}
