import { notImitated } from '../errors.ts'
import { checkEffect } from './effect-rules.ts'
import { ALL_FORMATS } from './output-formats.ts'
import { parseLayer } from './layer-name.ts'
import { invalidComponent, invalidValue } from './errors.ts'
import { FLAGS, KEYS } from './keys.ts'

/** One step of a chain: values by key, `if` first, then `$variables` in the order given, then the keys sorted. */
export type Component = ReadonlyMap<string, string>

const TOKEN = /^(if|\$[A-Za-z][A-Za-z0-9]*|[a-z]{1,3})_(.*)$/s
// A chain is text in a URL: 2,000 characters hold any honest one, and bound the work of a dishonest one.
const MAX_COMPONENTS = 100

/** True when every comma-separated token of a path segment begins with a known key. */
export function isComponent (segment: string): boolean {
  return segment !== '' && segment.split(',').every((token) => {
    const key = TOKEN.exec(token)?.[1]
    return key !== undefined && (key.startsWith('$') || Object.hasOwn(KEYS, key))
  })
}

/**
 * Reads the components of a chain; each is one decoded path segment.
 * @throws {SandboxError} 400 in the vendor's words.
 */
export function parseComponents (segments: readonly string[]): Component[] {
  if (segments.length > MAX_COMPONENTS) throw invalidComponent(`more than ${MAX_COMPONENTS} components`)
  return segments.filter((segment) => segment !== '').map(parseComponent)
}

function parseComponent (segment: string): Component {
  const given = new Map<string, string>()
  for (const token of segment.split(',')) {
    const [, key, value] = TOKEN.exec(token) ?? []
    if (key === undefined || value === undefined || !(key.startsWith('$') || Object.hasOwn(KEYS, key))) throw invalidComponent(token || segment)
    // Several `fl_` act together; of any other key the last one wins.
    const known = given.get(key)
    given.set(key, key === 'fl' && known !== undefined ? `${known}.${value}` : value)
  }
  const rank = (key: string) => key === 'if' ? 0 : key.startsWith('$') ? 1 : 2
  return new Map([...given].sort(([one], [other]) => {
    const byRank = rank(one) - rank(other)
    return byRank !== 0 || rank(one) === 1 ? byRank : one < other ? -1 : 1
  }))
}

/** A transformation as text, for `eager`, `transformation` and named ones: components, and the format when a last `/ext` names one. */
export function parseTransformation (text: string): { components: Component[], format?: string } {
  const segments = text.split('/').filter((segment) => segment !== '')
  const last = segments.at(-1)?.toLowerCase()
  if (last !== undefined && ALL_FORMATS.has(last)) return { components: parseComponents(segments.slice(0, -1)), format: last }
  return { components: parseComponents(segments) }
}

/** How Cloudinary echoes a chain: keys sorted within each component, the chain kept. Also the key of derived assets. */
export function normalise (components: readonly Component[]): string {
  return components.map((component) => [...component].map(([key, value]) => `${key}_${value}`).join(',')).join('/')
}

/** A transformation as text in the form in which it is kept and compared: normal, with the format as a last `/ext`. */
export function canonical (text: string): string {
  const { components, format } = parseTransformation(text)
  return format === undefined ? normalise(components) : `${normalise(components)}/${format}`
}

/** Flags of a component, without what follows a colon. */
export function flagsOf (component: Component): string[] {
  return flagTexts(component).map((flag) => flag.split(':', 1)[0] ?? '')
}

/** Flags of a component as written. A file name after `attachment:` may hold an encoded dot, so a plain dot always separates. */
export function flagTexts (component: Component): string[] {
  return component.get('fl')?.split('.').filter((flag) => flag !== '') ?? []
}

/**
 * Judges every value before anything is loaded or rendered.
 * @returns what is taken without effect: keys and flags, for the header that says so.
 * @throws {SandboxError} 400 for values the vendor refuses and for what is not imitated.
 */
export function checkComponents (components: readonly Component[]): string[] {
  const ignored: string[] = []
  for (const component of components) {
    for (const [key, value] of component) {
      if (key.startsWith('$')) continue
      const rule = KEYS[key]
      if (rule?.outside?.test(value)) throw notImitated(`the ${rule.name} ${value}`)
      if (!rule?.accepts(value)) throw invalidValue(rule?.name ?? key, value)
      if (rule.support === 'refused') throw notImitated(`${rule.name} (${key}_${value})`)
      if (key === 'e') ignored.push(...checkEffect(value))
      if (key === 'l' || key === 'u') ignored.push(...checkLayer(value))
      if (rule.support === 'ignored' || rule.idle?.test(value)) ignored.push(`${key}_${value}`)
    }
    ignored.push(...checkFlags(component))
  }
  return ignored
}

/**
 * Reads a layer only to report a mistake in it early; a variable in it waits for its value. Other fonts are
 * drawn in the bundled one.
 */
function checkLayer (value: string): string[] {
  const layer = value.includes('$') ? undefined : parseLayer(value)
  if (layer?.kind !== 'text') return []
  const { font, unknown } = layer.style
  return [...(/^dejavu/i.test(font) ? [] : [`font ${font}`]), ...(unknown.length > 0 ? [`text style ${unknown.join('_')}`] : [])]
}

function checkFlags (component: Component): string[] {
  return flagsOf(component).flatMap((flag) => {
    const support = Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined
    if (support === undefined) throw invalidValue('flag', flag)
    if (support === 'refused') throw notImitated(`the flag ${flag}`)
    return support === 'ignored' ? [`fl_${flag}`] : []
  })
}
