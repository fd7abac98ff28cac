import { FILE_SUFFIX, type Source } from '../source.ts'
import { strayFault } from './credentials.ts'
import { OPTION_NAMES, setOption, type EnvironmentSettings } from './options.ts'

/**
 * An option that a variable of its own gives: `CLOUDINARY_EDITOR_SECURE` is `secure` of the environment
 * `EDITOR`.
 */
export interface GivenOption {
  /** As written, such as `EDITOR`; empty for a variable without a name. */
  readonly infix: string
  readonly option: string
  /** Name of the variable, without `_FILE`. */
  readonly variable: string
}

/**
 * The longest option first, so that `secure_cdn_subdomain` is not the `cdn_subdomain` of an environment
 * `secure`.
 */
const LONGEST_FIRST = OPTION_NAMES.toSorted((one, other) => other.length - one.length)

/** All ways to read the name of a variable, the likeliest first. */
function readingsOf (name: string, isOfUrl = false): GivenOption[] {
  const variable = name.endsWith(FILE_SUFFIX) ? name.slice(0, -FILE_SUFFIX.length) : name
  // `CLOUDINARY_URL_SECURE` is the URL of an environment `secure`, unless there is one that is called `url`.
  const [, rest = ''] = (isOfUrl ? /^CLOUDINARY(_.+)$/ : /^CLOUDINARY(?!_URL_)(_.+)$/).exec(variable) ?? []
  return LONGEST_FIRST
    .filter((option) => rest.endsWith(`_${option.toUpperCase()}`))
    .map((option) => ({ infix: rest.slice(1, -option.length - 1), option, variable }))
}

/** True for a variable that gives an option of an environment, with or without `_FILE`. */
export function isOptionVariable (name: string): boolean { return readingsOf(name).length > 0 }

/**
 * Finds the options that have variables of their own, by the name of their environment. Where a variable can
 * be read in two ways, the one whose environment is among `names` wins. `isOfUrl` knows those of an
 * environment called `url`.
 */
export function findOptions (
  source: Source,
  nameOf: (infix: string) => string,
  names: ReadonlySet<string>,
  isOfUrl: (variable: string) => boolean
): Map<string, GivenOption[]> {
  const found = new Map<string, GivenOption[]>()
  for (const variable of source.names) {
    const readings = readingsOf(variable, isOfUrl(variable))
    const reading = readings.find(({ infix }) => names.has(nameOf(infix))) ?? readings[0]
    if (reading === undefined) continue
    const name = nameOf(reading.infix)
    const known = found.get(name) ?? []
    if (known.every((one) => one.variable !== reading.variable)) found.set(name, [...known, reading])
  }
  return found
}

/** Options that are given already, and the variable of the URL that has them. */
interface Beside {
  readonly given: ReadonlySet<string>
  readonly url: string
}

/** Sets options from their variables. Faults go to `source`, each under the name of its variable. */
export function readOptionVariables (
  source: Source, options: readonly GivenOption[], settings: EnvironmentSettings, { given, url }: Beside, insecure: boolean
): void {
  const owners = new Map([...given].map((option) => [option, url]))
  for (const { option, variable } of options) {
    const owner = owners.get(option)
    owners.set(option, variable)
    if (owner !== undefined) {
      source.fault(variable, `gives ${option} a second time, beside ${owner}; keep one of them`)
      continue
    }
    const text = source.value(variable)
    if (text === undefined) continue
    const reason = strayFault(text) ?? setOption(settings, option, text, insecure)
    if (reason !== undefined) source.fault(variable, reason)
  }
}
