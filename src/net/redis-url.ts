import { decoded } from '../input/decoded.ts'
import { STRAY_PERCENT } from './urls.ts'

export interface RedisHost { readonly host: string, readonly port: number }

export interface RedisLogin {
  readonly username: string | undefined
  readonly password: string | undefined
}

/**
 * What `REDIS_URL` points at. Holds passwords in clear text: keep the URL, and read it where it is needed.
 */
export interface RedisTarget extends RedisLogin {
  /** `hosts` are the node, Sentinels that know the node, or some nodes of a cluster. */
  readonly kind: 'node' | 'sentinel' | 'cluster'
  readonly tls: boolean
  readonly hosts: readonly RedisHost[]
  readonly db: number
  /** Name by which Sentinels know the master; empty without them. */
  readonly master: string
  readonly sentinel: RedisLogin
}

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})))(?::(\d{1,5}))?$/
const PORTS = { node: 6379, sentinel: 26_379, cluster: 6379 }
const MOST_DATABASES = 65_535
/** Options of the query. The URLs of other clients have some of them there. */
const OPTIONS = {
  node: ['username', 'password', 'db'],
  sentinel: ['username', 'password', 'db', 'sentinel_username', 'sentinel_password'],
  cluster: ['username', 'password']
}

const NO_SHAPE = 'must be a redis:// or rediss:// URL with a host, or redis+sentinel://host,host/master, or redis+cluster://host,host'

/** A reason, which repeats no value because that may be a secret. */
class UrlFault extends Error {}

function hostOf (text: string, kind: RedisTarget['kind']): RedisHost {
  const [, address, name = address, port = PORTS[kind]] = HOST.exec(text) ?? []
  if (name === undefined) {
    throw new UrlFault(
      text === '' ? NO_SHAPE : 'has a host that is not a host name or address, with or without a port'
    )
  }
  if (Number(port) < 1 || Number(port) > 65_535) throw new UrlFault('has a port that is not from 1 to 65535')
  return { host: name, port: Number(port) }
}

function textOf (text: string): string {
  const read = decoded(text)
  if (read === undefined) throw new UrlFault(STRAY_PERCENT)
  return read
}

/** Reads `user:password`. */
function loginOf (text: string): RedisLogin {
  const [name = '', ...rest] = text.split(':')
  return { username: textOf(name) || undefined, password: textOf(rest.join(':')) || undefined }
}

function optionsOf (query: string, kind: RedisTarget['kind']): ReadonlyMap<string, string> {
  const pairs = [...new URLSearchParams(query)]
  const options = new Map(pairs)
  const isKnown = (name: string): boolean => OPTIONS[kind].includes(name)
  // Does not name it: where a password has a "?" in it, the rest of the password arrives here.
  if (!pairs.every(([name]) => isKnown(name))) {
    throw new UrlFault(`has an unknown option; known are ${OPTIONS[kind].join(', ')}`)
  }
  if (options.size < pairs.length) throw new UrlFault('has an option twice')
  return options
}

function databaseOf (text: string, kind: RedisTarget['kind']): number {
  if (!/^\d{0,5}$/.test(text) || Number(text) > MOST_DATABASES) {
    throw new UrlFault('has a path that is not a database number, such as /1')
  }
  if (kind === 'cluster' && Number(text) !== 0) {
    throw new UrlFault('has a database number, but a cluster has only one database: leave the path out')
  }
  return Number(text)
}

/** Reads the path: the number of a database, and before that, for Sentinels, the name of the master. */
function placeOf (
  path: string, kind: RedisTarget['kind'], dbOption = ''
): Pick<RedisTarget, 'master' | 'db'> {
  const parts = path.split('/').slice(1).map(textOf)
  const master = kind === 'sentinel' ? parts.shift() ?? '' : ''
  if (kind === 'sentinel' && !/^[\w.-]+$/.test(master)) {
    throw new UrlFault(
      'needs the name of the master that the Sentinels watch: redis+sentinel://host,host/mymaster'
    )
  }
  const [db = '', ...rest] = parts
  if (rest.length > 0 || (db !== '' && dbOption !== '')) throw new UrlFault('has a path with too many parts')
  return { master, db: databaseOf(db || dbOption, kind) }
}

function requirePassword ({ username, password }: RedisLogin): void {
  if (username !== undefined && password === undefined) {
    throw new UrlFault('has a user name without a password; a password alone is written :password@')
  }
}

/** Returns the login for the data, which stands before the hosts or among the options. */
function dataLogin (given: string, options: ReadonlyMap<string, string>): RedisLogin {
  const { username, password } = loginOf(given)
  if (password !== undefined && options.has('password')) throw new UrlFault('has two passwords')
  return { username: username ?? options.get('username'), password: password ?? options.get('password') }
}

function read (text: string): RedisTarget {
  const shape = SHAPE.exec(text)
  if (!shape) throw new UrlFault(NO_SHAPE)
  const [, scheme, suffix, given = '', list = '', path = '', query = ''] = shape
  const kind = suffix === 'sentinel' || suffix === 'cluster' ? suffix : 'node'
  const options = optionsOf(query, kind)
  const login = dataLogin(given, options)
  const sentinel = { username: options.get('sentinel_username'), password: options.get('sentinel_password') }
  requirePassword(login)
  requirePassword(sentinel)
  const hosts = list.split(',').map((host) => hostOf(host, kind))
  if (kind === 'node' && hosts.length > 1) {
    throw new UrlFault('has several hosts: begin it with redis+sentinel:// or redis+cluster://')
  }
  return {
    kind, tls: scheme === 'rediss', hosts, ...login, ...placeOf(path, kind, options.get('db')), sentinel
  }
}

/** Returns what a URL points at, or the reason why it cannot be used, which repeats no part of it. */
export function readRedisUrl (text: string): { readonly target: RedisTarget } | { readonly fault: string } {
  try {
    return { target: read(text) }
  } catch (error) {
    return { fault: (error as UrlFault).message } // nothing else is thrown
  }
}

/** Returns what a URL points at that `readRedisUrl` has accepted before. */
export function redisTarget (text: string): RedisTarget { return read(text) }
