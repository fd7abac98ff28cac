/** Patterns of texts, and what they probably are, in words that follow "it". The first match is used. */
const KINDS: ReadonlyArray<readonly [pattern: RegExp, what: string]> = [
  [/^(?:[a-z]:[\\/]|\\\\)/i, 'is a path of Windows: send the bytes'],
  [/^(?:file|content|blob|filesystem|ph|ph-upload|assets-library|cdvfile|capacitor|ionic|localfile|ms-appdata|asset):/i, 'is an address on the device: send the bytes'],
  [/^\/(?:data|sdcard|storage|private|var\/mobile|Users|home)\//, 'is a path on the device: send the bytes'],
  [/^(?:https?:)?\/\/[^/\s]+\/(?:[^\s?#]*\/)?(?:image|images|video|videos|raw|files)\/(?:upload|private|authenticated|fetch)\//i, 'looks like a delivery URL'],
  [/^data:/i, 'is a data URI'],
  [/^[a-z][a-z0-9+.-]*:\/\//i, 'looks like a URL'],
  [/^(?:\/\/|www\.)[^/\s]+\//i, 'looks like a URL without its https:'],
  [/^\[object \w+\]$/, 'is what JavaScript writes for an object'],
  [/^(?:undefined|null|NaN|None|nil)$/, 'is what programs write for a variable without a value'],
  [/^(?:\{\{|\$\{|<%)/, 'looks like a placeholder that was not filled in']
]
const OF_FILES: typeof KINDS = [...KINDS, [/^[A-Za-z\d+/]{64}/, 'looks like base64 without data:<media type>;base64, before it']]
/** Characters of a text that are looked at. */
const BEGINNING = 2048

function suffix (text: string, kinds: typeof KINDS): string {
  const beginning = text.slice(0, BEGINNING).trim()
  const [, what] = kinds.find(([pattern]) => pattern.test(beginning)) ?? []
  return what === undefined ? '' : ` (it ${what})`
}

/** Returns ` (it looks like ...)` to append to the reason why a text is refused, or empty text. */
export const seenSuffix = (text: string): string => suffix(text, KINDS)

/** The same for the text of a file, whose bytes were perhaps meant. */
export const seenFileSuffix = (text: string): string => suffix(text, OF_FILES)
