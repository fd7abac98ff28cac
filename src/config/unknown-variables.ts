import { nearestName } from '../schemas/nearest-name.ts'
import { isCredentialVariable } from './environments.ts'
import { FILE_SUFFIX } from './source.ts'
import { CREDENTIAL_VARIABLES, readableFromFile, Settings } from './variables.ts'

const PREFIX = /^(?:CLOUDINARY_|UPLOAD_|UPSTREAM_|SANDBOX|AUTH_|GATEWAY_|METRICS_)/i

/** Cloudinary's own variables: its clients read them in the same container, and they are none of ours. */
const FOREIGN: ReadonlySet<string> = new Set(['CLOUDINARY_ACCOUNT_URL', 'CLOUDINARY_API_PROXY'])

/** `<NAME>` in a variable's name stands for these, and for whatever stands in the place of it in the name that is asked about. */
const USUAL_NAMES = ['EDITOR', 'STAGING', 'PRODUCTION']

const SETTING_FORMS = Object.entries(Settings.properties)
  .flatMap(([name, schema]) => readableFromFile(schema) ? [name, name + FILE_SUFFIX] : [name])
const KNOWN: ReadonlySet<string> = new Set([...SETTING_FORMS, 'CLOUDINARY_ENVIRONMENT', `CLOUDINARY_ENVIRONMENT${FILE_SUFFIX}`])

function candidates (asked: string): string[] {
  const own = /^CLOUDINARY_(?:URL_)?([A-Z0-9]+)/i.exec(asked)?.[1]
  const names = own === undefined ? USUAL_NAMES : [...USUAL_NAMES, own.toUpperCase()]
  const credentials = CREDENTIAL_VARIABLES.flatMap(({ name }) => [name.replace(/_?<NAME>/, ''), ...names.map((part) => name.replace('<NAME>', part))])
  return [...KNOWN, ...credentials, ...credentials.map((name) => name + FILE_SUFFIX)]
}

/** A line for each variable that has one of our prefixes and that nothing here reads. The value is not looked at. */
export function unknownVariables (names: readonly string[]): string[] {
  return names
    .filter((name) => PREFIX.test(name) && !KNOWN.has(name) && !FOREIGN.has(name) && !isCredentialVariable(name))
    .map((name) => {
      const nearest = nearestName(name, candidates(name))
      const shown = name.replace(/[^ -~]/g, '?')
      return nearest === undefined ? `${shown} is not a variable of this program` : `${shown} is not a variable of this program; did you mean ${nearest}?`
    })
}
