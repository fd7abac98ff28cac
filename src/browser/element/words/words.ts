import { ENGLISH, type Text, type TextName, type Texts } from './texts-en.ts'

/** Loaded tables, by language. */
const tables = new Map<string, Texts>([['en', ENGLISH]])
/** Tables that are loaded on demand. Bundlers need each name written out. */
const others = new Map<string, () => Promise<{ texts: Texts }>>([
  ['de', () => import('../../upload-element.de.ts')],
  ['ar', () => import('../../upload-element.ar.ts')]
])
const RIGHT_TO_LEFT = /^(ar|ckb|fa|he|ps|ug|ur|yi)\b/
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte']

const languageOf = (locale: string): string => locale.split('-', 1)[0]?.toLowerCase() ?? ''

/**
 * Loads the table of a language; undefined when there is nothing to load. English replaces one that fails to
 * load.
 */
export function loadTable (locale: string): Promise<void> | undefined {
  const language = languageOf(locale)
  if (tables.has(language)) return undefined
  return others.get(language)?.().then(
    ({ texts }) => { tables.set(language, texts) },
    () => { others.delete(language) }
  )
}

/** Texts, numbers, sizes and times of one language. */
export class Words {
  /** A locale that `Intl` knows and in which the texts are written. */
  readonly locale: string
  readonly direction: 'rtl' | 'ltr'
  readonly asked: string
  readonly own: Texts | undefined
  readonly #tables: readonly Texts[]
  readonly #plurals: Intl.PluralRules
  readonly #formats: Record<string, Intl.NumberFormat> = {}

  /** `own` texts replace those of the table, one by one. Without either, the locale is English. */
  constructor (asked: string, own?: Texts) {
    this.asked = asked
    this.own = own
    const table = tables.get(languageOf(asked))
    const isForeign = !table && own !== undefined
    this.locale = known(table || isForeign ? asked : 'en')
    this.direction = RIGHT_TO_LEFT.test(this.locale) ? 'rtl' : 'ltr'
    this.#tables = [own ?? {}, table ?? (isForeign ? {} : ENGLISH), ENGLISH]
    this.#plurals = new Intl.PluralRules(this.locale)
  }

  /** Returns the text of that name. `n` chooses its plural form, and each value replaces its `{name}`. */
  text (name: TextName, values: Readonly<Record<string, string | number>> = {}): string {
    return this.#filled(this.#find(name) ?? '', values)
  }

  /**
   * Returns the text for a failure with this code; undefined where the server's own English words serve
   * better.
   */
  error (code: string): string | undefined {
    const isEnglish = this.locale.startsWith('en')
    const text = this.#find(`error.${code}`, 2) ?? (isEnglish ? undefined : this.#find('error.'))
    return text && this.#filled(text, {})
  }

  #find (name: TextName | `error.${string}`, depth = 3): Text | undefined {
    return this.#tables.slice(0, depth).find((table) => Object.hasOwn(table, name))?.[name as TextName]
  }

  #filled (text: Text, values: Readonly<Record<string, string | number>>): string {
    const category = this.#plurals.select(plural(values['n']))
    const form = typeof text === 'string' ? text : text[category] ?? text.other
    return form.replace(/\{(\w+)\}/g, (all, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : all
      if (typeof value === 'number') return this.number(value)
      // Isolated, a left-to-right value does not reorder its neighbors.
      return this.direction === 'rtl' ? `\u2068${value}\u2069` : String(value)
    })
  }

  number (value: number, options: Intl.NumberFormatOptions = {}): string {
    // Creating a format takes far longer than using it, and a list of a thousand files needs thousands.
    const format = this.#formats[JSON.stringify(options)] ??= new Intl.NumberFormat(this.locale, options)
    return format.format(value)
  }

  /** Returns text such as `14 MB`; with `per`, `1.2 MB/s`. */
  size (bytes: number, per = ''): string {
    const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
    return this.number(bytes / 1000 ** power, {
      style: 'unit',
      unit: UNITS[power] + per,
      unitDisplay: power > 0 || per ? 'short' : 'long',
      maximumSignificantDigits: 3
    })
  }

  /** Returns two sizes as texts that differ, even where both round to the same number of megabytes. */
  sizes (one: number, other: number): [string, string] {
    const short: [string, string] = [this.size(one), this.size(other)]
    const exact = (bytes: number): string =>
      this.number(bytes, { style: 'unit', unit: 'byte', unitDisplay: 'long' })
    return short[0] === short[1] ? [exact(one), exact(other)] : short
  }

  time (seconds: number): string {
    const [unit, length] = seconds < 90 ? ['second', 1] : seconds < 5400 ? ['minute', 60] : ['hour', 3600]
    const count = Math.max(1, Math.round(seconds / Number(length)))
    return this.number(count, { style: 'unit', unit: String(unit), unitDisplay: 'short' })
  }

  /** Returns text such as `PNG, JPEG or WebP`. */
  either (names: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: 'disjunction' }).format(names)
  }
}

/** Returns the locale where `Intl` accepts it, otherwise English. */
function known (locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? 'en'
  } catch {
    return 'en'
  }
}

/** Returns the number that chooses a plural form. 100 replaces infinity, which `Intl` has no rule for. */
const plural = (n: string | number = 1): number => Math.min(Number(n), 100)
