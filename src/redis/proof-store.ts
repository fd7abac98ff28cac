import {
  CLAIM_MS, PROOF_LASTS_MS, type ProofClaim, type ProofStore, type SharedVerdict
} from '../proofs/proof-store.ts'
import type { RedisLink, RunScript } from './link.ts'

/**
 * A name holds a verdict as JSON, or the mark of a process that is making the proof. Anything else (of
 * another version, or written by hand) is replaced, and is not carried here if it is large.
 */
const CLAIM = `
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'string' and #found <= 8192 then return { found, redis.call('PTTL', KEYS[1]) } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}
`
/** verdict, milliseconds. */
const KEEP = 'return redis.call(\'SET\', KEYS[1], ARGV[1], \'PX\', ARGV[2])'
const FORGET = 'return redis.call(\'DEL\', KEYS[1])'
const KIND = 'proof:'
const CLAIMED = 'claimed'
const COMMAND_TIMEOUT_MS = 1_000

/** Returns the verdict in a text that `keep` may have written so long ago; undefined when it cannot have. */
function readVerdict (text: string, forMs: number): SharedVerdict | undefined {
  const verdict = Object(parsed(text)) as Partial<Record<keyof SharedVerdict, unknown>> // judged below
  const { verified, told, lastsMs } = verdict
  if (typeof verified !== 'boolean') return undefined
  if (typeof lastsMs !== 'number' || lastsMs > PROOF_LASTS_MS) return undefined
  if (told !== undefined && typeof told !== 'string') return undefined
  return isLeft(forMs, lastsMs) ? { verified, told, lastsMs } : undefined
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What was kept without an end, or for too long, was not kept by a gateway: it would hold for ever. */
function isLeft (forMs: number, lastsMs: number): boolean { return forMs > 0 && forMs <= Math.ceil(lastsMs) }

/** Shares verdicts between replicas. While Redis is unreachable, each makes its own proof. */
export class RedisProofStore implements ProofStore {
  readonly #script: RunScript

  constructor (link: Pick<RedisLink, 'within'>) { this.#script = link.within(COMMAND_TIMEOUT_MS) }

  async claim (name: string): Promise<ProofClaim> {
    const [found = '', forMs = 0] = await this.#run(
      CLAIM, name, CLAIMED, CLAIM_MS
    ) as [string?, number?] // see CLAIM
    if (found === CLAIMED && isLeft(forMs, CLAIM_MS)) return { state: 'busy' }
    const verdict = readVerdict(found, forMs)
    return verdict ? { state: 'known', verdict, forMs } : { state: 'yours' }
  }

  async keep (name: string, verdict: SharedVerdict): Promise<void> {
    await this.#run(KEEP, name, JSON.stringify(verdict), Math.ceil(verdict.lastsMs))
  }

  async forget (name: string): Promise<void> { await this.#run(FORGET, name) }

  #run (script: string, name: string, ...parameters: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#script(script, KIND + name, ...parameters)
  }
}
