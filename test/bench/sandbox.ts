/**
 * The sandbox's own bench, `npx tsx test/bench/sandbox.ts`: each figure as a ratio to what one would use instead, in
 * turns, in CPU time of the processes that serve, so that a busy machine blurs the figures and does not turn them.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { CHAINS, PHOTOS } from './sandbox-chains.ts'
import type { ContestantOrder, ContestantState } from './sandbox-contestant.ts'
import { apply } from './load.ts'
import { cpuSeconds } from './process-stats.ts'
import { Helper } from './servers.ts'
import { inRounds, ratios, spreadOf, type Spread } from './spread.ts'

const ROUNDS = 9
const SECONDS = 3

function print (what: string, { median, min, max }: Spread, target: string, detail: string): void {
  process.stdout.write(`${what.padEnd(60)} ${median.toFixed(2)} [${min.toFixed(2)} .. ${max.toFixed(2)}] (wanted: ${target}); ${detail}\n`)
}

const middle = (values: readonly number[]) => spreadOf(values).median

async function rates (server: ContestantState): Promise<void> {
  const perSecond: Record<'derived' | 'file', number[]> = { derived: [], file: [] }
  const measure = (name: 'derived' | 'file') => async () => {
    const served = await apply({ ...server, stop: async () => {} }, { method: 'GET', path: server[name], headers: {} }, SECONDS)
    perSecond[name].push(served.perSecond)
    return served.cpuMicros
  }
  await measure('derived')()
  await measure('file')()
  perSecond.derived.length = perSecond.file.length = 0
  const { derived, file } = await inRounds(ROUNDS, { derived: measure('derived'), file: measure('file') })
  const detail = `${middle(derived).toFixed(0)} / ${middle(file).toFixed(0)} us of CPU, ${middle(perSecond.derived).toFixed(0)} / ${middle(perSecond.file).toFixed(0)} answers per second`
  print('cached derived image, rate by that of a static file (CPU)', ratios(file, derived), '>= 0.50', detail)
  print('cached derived image, rate by that of a static file (wall)', ratios(perSecond.derived, perSecond.file), '>= 0.50', '')
}

async function renderings (helper: Helper, { pid, url }: ContestantState): Promise<void> {
  let made = 0
  for (const chain of Object.keys(CHAINS)) {
    const perPicture = (work: () => Promise<unknown>) => async () => {
      const before = cpuSeconds(pid)
      await work()
      return (cpuSeconds(pid) - before) / PHOTOS * 1000
    }
    const ours = perPicture(async () => {
      // A variable that nothing uses makes it a derived asset of its own.
      const variable = `$n_${made++}`
      for (let at = 0; at < PHOTOS; at++) {
        const answer = await fetch(`${url}/demo/image/upload/${variable}/${chain}/photo/${at}.jpg`)
        if (!answer.ok || (await answer.arrayBuffer()).byteLength < 1000) throw new Error(`${chain} was not rendered`)
      }
    })
    const rival = (optimiseCoding: boolean) => perPicture(() => helper.ask<ContestantState>({ bare: { chain, count: PHOTOS, optimiseCoding } } satisfies ContestantOrder))
    // The sandbox leaves out the search for the smallest coding, which sharp makes unless told otherwise.
    const [bare, alike] = [rival(true), rival(false)]
    await ours()
    const values = await inRounds(ROUNDS, { ours, bare, alike })
    print(`${chain}: rendering by the bare sharp pipeline`, ratios(values.ours, values.bare), '<= 1.20', `${middle(values.ours).toFixed(1)} / ${middle(values.bare).toFixed(1)} ms of CPU`)
    print(`${chain}: the same, without optimised coding`, ratios(values.ours, values.alike), '<= 1.20', `${middle(values.alike).toFixed(1)} ms of CPU`)
  }
}

const helper = Helper.start(join(import.meta.dirname, 'sandbox-contestant.ts'))
try {
  process.stdout.write(`load ${loadavg().map((load) => load.toFixed(2)).join(' ')}\n`)
  const server = await helper.ask<ContestantState>({})
  await rates(server)
  await renderings(helper, server)
} finally {
  await helper.stop()
}
