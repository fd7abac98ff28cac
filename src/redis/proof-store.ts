import { CLAIM_MS, type ProofClaim, type ProofStore, type SharedVerdict } from '../proofs/proof-store.ts'
import type { RedisLink, RunScript } from './link.ts'

/** A name holds a verdict as JSON, or the mark of a process that is making the proof. */
const CLAIM = `
local found = redis.call('GET', KEYS[1])
if found then return { found, redis.call('PTTL', KEYS[1]) } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}
`
/** verdict, milliseconds. */
const KEEP = 'return redis.call(\'SET\', KEYS[1], ARGV[1], \'PX\', ARGV[2])'
const FORGET = 'return redis.call(\'DEL\', KEYS[1])'
const KIND = 'proof:'
const CLAIMED = 'claimed'
const COMMAND_TIMEOUT_MS = 1_000

/** Shares verdicts between replicas. While Redis is unreachable, each makes its own proof. */
export class RedisProofStore implements ProofStore {
  readonly #script: RunScript

  constructor (link: Pick<RedisLink, 'within'>) { this.#script = link.within(COMMAND_TIMEOUT_MS) }

  async claim (name: string): Promise<ProofClaim> {
    const [found, forMs] = await this.#run(CLAIM, name, CLAIMED, CLAIM_MS) as [string?, number?] // see CLAIM
    if (found === undefined) return { state: 'yours' }
    if (found === CLAIMED) return { state: 'busy' }
    return { state: 'known', verdict: JSON.parse(found) as SharedVerdict, forMs: Number(forMs) } // put there by KEEP
  }

  async keep (name: string, verdict: SharedVerdict): Promise<void> {
    await this.#run(KEEP, name, JSON.stringify(verdict), Math.ceil(verdict.lastsMs))
  }

  async forget (name: string): Promise<void> { await this.#run(FORGET, name) }

  #run (script: string, name: string, ...parameters: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#script(script, KIND + name, ...parameters)
  }
}
