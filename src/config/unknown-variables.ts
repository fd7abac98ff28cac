import { editDistance, nearestName } from '../input/nearest-name.ts'
import { isCredentialVariable } from './environments.ts'
import { isOptionVariable } from './environments/option-variables.ts'
import { FILE_SUFFIX } from './source.ts'
import { CREDENTIAL_VARIABLES, readableFromFile, Settings } from './variables.ts'

/** Not REDIS_ and LOG_: other programs of the same container have variables that begin so. */
const PREFIX = /^(?:CLOUDINARY_|UPLOAD_|UPSTREAM_|SANDBOX|AUTH_|GATEWAY_|METRICS_|CORS_|POLICY|RATE_|TRUST_|SHUTDOWN_|ROUTE_)/i
/** A shorter name of ours is near to a stranger's by chance: HOST to HOME, AUTH to PATH. */
const SHORTEST_NEAR = 8

/**
 * Variables of Cloudinary's own clients, and of our command line: a gateway reads none of them. `GATEWAY_KEY` is not
 * here, because it may have been meant to be `GATEWAY_KEYS`, and a gateway without keys lets everybody in.
 */
const FOREIGN: ReadonlySet<string> = new Set(['CLOUDINARY_ACCOUNT_URL', 'GATEWAY_URL'])

/** Words of a name that may be the environment's. */
const MOST_WORDS = 3
/** Names that `<NAME>` stands for, beside those that the misspelt name may contain. */
const USUAL_NAMES = ['EDITOR', 'STAGING', 'PRODUCTION']

const SETTING_FORMS = Object.entries(Settings.properties)
  .flatMap(([name, schema]) => readableFromFile(schema) ? [name, name + FILE_SUFFIX] : [name])
const KNOWN: ReadonlySet<string> = new Set([...SETTING_FORMS, 'CLOUDINARY_ENVIRONMENT', `CLOUDINARY_ENVIRONMENT${FILE_SUFFIX}`])

/** Returns `EU`, `EU_WEST` and so on for `CLOUDINARY_EU_WEST_API_KEY`: any of them may be the environment. */
function namesIn (asked: string): string[] {
  const [, rest = ''] = /^CLOUDINARY_(?:URL_)?(\w+)_/i.exec(asked) ?? []
  const words = rest.toUpperCase().split('_')
  const beginnings = words.map((_, index) => words.slice(0, index + 1).join('_'))
  return beginnings.filter((name) => name !== '').slice(0, MOST_WORDS)
}

function candidates (asked: string): string[] {
  const names = [...new Set([...namesIn(asked), ...USUAL_NAMES])]
  const credentials = CREDENTIAL_VARIABLES.flatMap(({ name }) => [name.replace(/_?<NAME>/, ''), ...names.map((part) => name.replace('<NAME>', part))])
  const fromFiles = credentials.map((name) => name + FILE_SUFFIX)
  // `nearestName` compares only so many: the likelier ones come first.
  return [
    ...KNOWN, .../F\w{0,4}$/i.test(asked) ? [...fromFiles, ...credentials] : [...credentials, ...fromFiles]
  ]
}

/** Read in upper case and in lower case. */
const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY']

/**
 * Whether a name differs from that of a proxy variable in one letter: `FTP_PROXY`, of other programs, does in
 * two.
 */
function isMisspeltProxy (name: string): boolean {
  const upper = name.toUpperCase()
  if (PROXIES.includes(upper)) return name !== upper && name !== name.toLowerCase()
  return PROXIES.some((known) => Math.abs(name.length - known.length) <= 1 && editDistance(upper, known) <= 1)
}

/** Two letters at most inserted, deleted or replaced. The length is looked at first: of most names it says enough. */
const isNear = (one: string, other: string): boolean => Math.abs(one.length - other.length) <= 2 && editDistance(one, other) <= 2

function isMeantForUs (name: string): boolean {
  if (KNOWN.has(name) || FOREIGN.has(name)) return false
  if (isCredentialVariable(name) || isOptionVariable(name)) return false
  const isNearTo = (known: string): boolean =>
    known.length >= SHORTEST_NEAR && isNear(name.toUpperCase(), known)
  return PREFIX.test(name) || isMisspeltProxy(name) || candidates(name).some(isNearTo)
}

/** A line for each variable that was probably meant for us, by its beginning or its likeness, and that nothing here reads. The value is not looked at. */
export function unknownVariables (names: readonly string[]): string[] {
  return names
    .filter(isMeantForUs)
    .map((name) => {
      const known = isMisspeltProxy(name) ? PROXIES : candidates(name)
      const nearest = nearestName(name, known) ?? known.find((one) => one.startsWith(`${name.toUpperCase()}_`))
      const shown = name.replace(/[^ -~]/g, '?')
      return nearest === undefined ? `${shown} is not a variable of this program` : `${shown} is not a variable of this program; did you mean ${nearest}?`
    })
}

/** Returns a line when Kubernetes has set variables for a Service under names of our settings. */
export function serviceLinkWarnings (links: ReadonlySet<string>): string[] {
  const hidden = [...links].filter((name) => KNOWN.has(name)).sort()
  if (hidden.length === 0) return []
  const [are, them] = hidden.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [
    `${hidden.join(', ')} ${are} not read: Kubernetes sets ${them} for a Service of that name; enableServiceLinks: false in the pod keeps ${them} away`
  ]
}

/** A line when `NODE_ENV` was probably meant to be `production`: what holds in production does not hold then. */
export function productionWarnings (value: string): string[] {
  const looksLikeIt = /^prod/i.test(value) || isNear(value.toLowerCase(), 'production')
  return looksLikeIt && value !== 'production' ? ['NODE_ENV looks like production and is not: only `production`, written exactly so, counts'] : []
}
