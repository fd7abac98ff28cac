import { isIP } from 'node:net'

type Variables = Readonly<Record<string, string | undefined>>

const HOST = '_SERVICE_HOST'
const URL_VALUE = /^(?:tcp|udp|sctp):\/\/[^/\s]+:\d{1,5}$/i
const PORT_VALUE = /^\d{1,5}$/

/**
 * Variables that Kubernetes sets for a Service: the end of the name, after that of the Service, and the form
 * of the value. Source: kubernetes/pkg/kubelet/envvars, `FromServices` and `makeLinkVariables`.
 */
const FORMS: ReadonlyArray<readonly [end: RegExp, fits: (value: string) => boolean]> = [
  [/_SERVICE_HOST$/, (value) => isIP(value) !== 0],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, (value) => PORT_VALUE.test(value)],
  [/_PORT$/, (value) => URL_VALUE.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)$/, (value) => URL_VALUE.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PROTO$/, (value) => /^(?:tcp|udp|sctp)$/i.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PORT$/, (value) => PORT_VALUE.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_ADDR$/, (value) => isIP(value) !== 0]
]

/** Returns the Service that would have set `name` to `value`; undefined when none would. */
function serviceOf (name: string, value: string, services: ReadonlySet<string>): string | undefined {
  for (const [end, fits] of FORMS) {
    const found = end.exec(name)
    const service = found === null ? '' : name.slice(0, found.index)
    if (services.has(service) && fits(value)) return service
  }
  return undefined
}

/**
 * Returns the names of the variables that Kubernetes has set for the Services of the namespace: a Service
 * `metrics` sets `METRICS_PORT=tcp://10.0.0.1:80`. Such a variable stands beside the `<SERVICE>_SERVICE_HOST`
 * of the same Service and has a value of that form; any other value was set by a person.
 */
export function serviceLinks (variables: Variables): ReadonlySet<string> {
  const services = new Set(Object.keys(variables)
    .filter((name) => name.endsWith(HOST) && isIP(variables[name] ?? '') !== 0)
    .map((name) => name.slice(0, -HOST.length))
    .filter((service) => service !== ''))
  if (services.size === 0) return new Set()
  return new Set(Object.entries(variables).flatMap(([name, value]) =>
    value && serviceOf(name, value, services) !== undefined ? [name] : []))
}

/** Returns the variables without those that Kubernetes has set for Services. */
export function withoutServiceLinks<T extends Variables> (variables: T): Variables {
  const links = serviceLinks(variables)
  return links.size === 0
    ? variables
    : Object.fromEntries(Object.entries(variables).filter(([name]) => !links.has(name)))
}
