/** Thrown at start when an answer of Redis shows that `REDIS_URL` is wrong. Its text holds no value. */
export class RedisRefusal extends Error {
  override readonly name = 'RedisRefusal'

  constructor (reason: string, cause: unknown) { super(`REDIS_URL ${reason}`, { cause }) }
}

/** Answers that waiting does not change, and what each says about the URL. */
const REASONS: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /WRONGPASS|\binvalid (?:username-password|password)/,
    'has a user name or password that Redis does not accept'
  ],
  [/NOAUTH/, 'has no password, but Redis asks for one'],
  [/NOPERM|ACL failure|user executing the script can't/, 'names a user without the rights that the gateway needs: see "Replicas" in docs/deployment.md'],
  [/DB index is out of range/, 'has the number of a database that this Redis does not have'],
  [/^MOVED /, 'points at a node of a cluster: begin it with redis+cluster://'],
  [/cluster support disabled/, 'says redis+cluster://, but the node belongs to no cluster'],
  [/unknown command ['`]eval/i, 'points at a server that runs no scripts; for Sentinels begin it with redis+sentinel://'],
  [/unknown command ['`]sentinel/i, 'says redis+sentinel://, but the host is not a Sentinel'],
  [
    /No such master with that name|got an invalid reply: null/,
    'names a master that the Sentinels do not know'
  ]
]
const SENTINEL_REASONS: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /WRONGPASS|\binvalid (?:username-password|password)/,
    'has a sentinel_username or sentinel_password that the Sentinels do not accept'
  ],
  [/NOAUTH/, 'has no sentinel_password, but the Sentinels ask for one']
]

/** Returns the messages of an error and of its causes: a cluster attaches the last failure of a node. */
function messagesOf (error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { message, lastNodeError }: Error & { lastNodeError?: unknown } = error
  return [message, ...messagesOf(lastNodeError)]
}

/** Returns the fault of the configuration that an answer shows; undefined when it shows none. */
export function refusalOf (error: unknown): RedisRefusal | undefined {
  for (const message of messagesOf(error)) {
    const reasons = /sentinel/i.test(message) ? [...SENTINEL_REASONS, ...REASONS] : REASONS
    const reason = reasons.find(([pattern]) => pattern.test(message))?.[1]
    if (reason !== undefined) return new RedisRefusal(reason, error)
  }
  return undefined
}
