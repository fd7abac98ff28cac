import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportSPKI, generateKeyPair, type CryptoKey } from 'jose'
import type { Holdings } from '../fixtures/soaked-gateway.ts'
import { startSinkProcess } from '../support/sink-process.ts'
import { WITH_TYPESCRIPT } from '../support/with-typescript.ts'
import type { Drill } from './run.ts'
import { traffic, type Tally } from './traffic.ts'

const USUAL_MINUTES = 10
/** In less time the heap still grows by what is compiled and learnt of types. */
const HEAP_MINUTES = 5
const KEPT_ENTRIES = 100
const ERROR_PART = 0.05
/** Callers are told apart by their tokens. */
const POLICY = 'callers:\n  soak: { jwt: { claims: { tenant: soak } } }\n'
const MAY_GROW_BYTES = 1024 ** 2
/** Longer than the keep-alive of 65 seconds: a connection whose caller left while nothing was read is closed by it. */
const SETTLE_MS = 90_000
const LOOK_MS = 500

async function holdingsOf (gateway: ChildProcess): Promise<Holdings> {
  gateway.send('tell')
  const [holdings] = await once(gateway, 'message') as [Holdings] // both sides are ours
  return holdings
}

/** Waits until the gateway holds no more sockets and descriptors than at the start. */
async function settled (gateway: ChildProcess, start: Holdings): Promise<Holdings> {
  const until = Date.now() + SETTLE_MS
  for (;;) {
    const now = await holdingsOf(gateway)
    if (now.sockets <= start.sockets && now.descriptors <= start.descriptors) return now
    if (Date.now() > until) {
      throw new Error(`${now.sockets} sockets and ${now.descriptors} descriptors are open; at the start ${start.sockets} and ${start.descriptors}`)
    }
    await sleep(LOOK_MS)
  }
}

const shown = ({ heapUsed, sockets, descriptors }: Holdings): string =>
  `heap ${(heapUsed / 1024 ** 2).toFixed(2)} MiB, ${sockets} sockets, ${descriptors} descriptors`

async function soakFor (minutes: number, gateway: ChildProcess, start: Holdings, key: CryptoKey): Promise<void> {
  const tally: Tally = new Map()
  const halves: Holdings[] = []
  console.log(`start: ${shown(start)}`)
  for (const half of ['first', 'second']) {
    await traffic(start.url, key, minutes * 30_000, tally)
    const now = await settled(gateway, start)
    console.log(`after the ${half} half: ${shown(now)}`)
    halves.push(now)
  }
  console.log([...tally].sort().map(([outcome, count]) => `  ${outcome}: ${count}`).join('\n'))
  const [first, second] = halves as [Holdings, Holdings]
  const grown = second.heapUsed - first.heapUsed
  console.log(`the heap grew by ${(grown / 1024).toFixed(0)} KiB in the second half`)
  if (minutes >= HEAP_MINUTES && grown >= MAY_GROW_BYTES) throw new Error('the heap grows')
}

/** Traffic of every kind with all memories full, so that whatever grows is a leak. */
export const soak: Drill = {
  about: `mixed traffic for ${USUAL_MINUTES} minutes, or as many as are asked for (soak 1), 10 % aborted, 5 % failing upstream: sockets and descriptors come back, and from ${HEAP_MINUTES} minutes on the heap stays flat`,
  run: async ([minutes = String(USUAL_MINUTES)]) => {
    const endings: Array<() => void> = []
    try {
      const sink = await startSinkProcess({ teardown: (end) => { endings.push(end) } })
      await sink.order({ errorPart: ERROR_PART, answerBytes: 2_000 })
      const { publicKey, privateKey } = await generateKeyPair('Ed25519', { extractable: true })
      const folder = mkdtempSync(join(tmpdir(), 'soak-'))
      endings.push(() => { rmSync(folder, { recursive: true }) })
      const policyFile = join(folder, 'policy.yaml')
      writeFileSync(policyFile, POLICY)
      const gateway = fork(
        join(import.meta.dirname, '../fixtures/soaked-gateway.ts'), [sink.url, String(KEPT_ENTRIES), policyFile, await exportSPKI(publicKey)],
        { execArgv: ['--expose-gc', ...WITH_TYPESCRIPT] }
      )
      endings.push(() => { gateway.kill('SIGKILL') })
      const [start] = await once(gateway, 'message') as [Holdings] // as it tells
      await soakFor(Number(minutes), gateway, start, privateKey)
    } finally {
      for (const end of endings) end()
    }
  }
}
