import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run, TAP } from './child.ts'
import type { Drill } from './run.ts'

const USUAL_SEEDS = 5
/** What a test with random input imports; others take `LONG` alone. */
const IMPORTED = /import \{[^}]*\b(?:rounds|seed)\b[^}]*\} from '.*\/rounds\.ts'/
/** Ten times what CI=true does. */
const PART = '10'

function filesWithRounds (): string[] {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'))
  const isRandom = (file: string): boolean => IMPORTED.test(readFileSync(join(ROOT, 'test', file), 'utf8'))
  return files.filter(isRandom).map((file) => join('test', file))
}

/** Seeds are the seconds of the clock: no run of the drill meets the input of another. */
export const rounds: Drill = {
  about: `every test with random input, ten times all rounds, with ${USUAL_SEEDS} new seeds, or as many as are asked for: rounds 20`,
  run: async ([seeds = String(USUAL_SEEDS)]) => {
    const first = Math.floor(Date.now() / 1000)
    for (let seed = first; seed < first + Number(seeds); seed++) {
      console.log(`SEED=${seed} ROUNDS=${PART}`)
      await run(process.execPath, [TAP, 'run', '--disable-coverage', '--allow-empty-coverage', '--timeout=3600', ...filesWithRounds()], { SEED: String(seed), ROUNDS: PART })
    }
  }
}
