import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { FormPatience, type PatienceOptions } from '../../../src/input/forms/form-patience.ts'
import type { FormWatch } from '../../../src/input/forms/form-watch.ts'
import { GatewayError } from '../../../src/errors.ts'

const NEVER = new Promise<never>(() => {})

/** Patience by a clock that stands still, and with bytes that are counted here. */
function patienceWith (options: Partial<PatienceOptions> = {}) {
  const watch: { bytes: number, failure?: GatewayError } = { bytes: 0 }
  const clock = { nowMs: 0 }
  const patience = new FormPatience({
    // no more of it is used
    idleTimeoutMs: 1_000, now: () => clock.nowMs, watch: watch as FormWatch, ...options
  })
  /** Something that comes after this long. */
  const coming = async (ms: number, bytes: number): Promise<string> => {
    await sleep(0)
    clock.nowMs += ms
    watch.bytes += bytes
    return 'it'
  }
  return { patience, watch, coming }
}

t.test('gives what it waited for, and what its failure means', async (t) => {
  const { patience, watch } = patienceWith()
  t.equal(await patience.for(Promise.resolve('it')), 'it')
  await t.rejects(
    patience.for(Promise.reject(new Error('Unexpected end of multipart data'))), { code: 'invalid_multipart' }
  )
  watch.failure = new GatewayError('invalid_multipart', 'of the framing')
  await t.rejects(patience.for(Promise.reject(new Error('x'))), watch.failure)
})

t.test('M21: 408 when the next part does not come, or the file not in time', async (t) => {
  const { patience } = patienceWith({ idleTimeoutMs: 10, fieldsTimeoutMs: 5 })
  await t.rejects(patience.for(NEVER), {
    code: 'request_timeout', message: 'The next part of the body did not come within 10 ms.'
  })
  await t.rejects(patience.beforeFile(async () => patience.for(NEVER)), {
    code: 'request_timeout', message: 'The fields before the file did not come within 5 ms.'
  })
  await t.rejects(patience.for(NEVER), { message: /next part/ }, 'which counts no longer')
})

t.test('M21: what was waited for the fields before the file, or for those after it, is held against their bytes', async (t) => {
  const { patience, watch, coming } = patienceWith({ minBytesPerSecond: 100 })
  await patience.for(coming(40_000, 4_000))
  t.equal(patience.slowness, undefined)
  await patience.for(coming(1_000, 99))
  t.match(patience.slowness, {
    code: 'request_timeout', message: 'The form comes at less than 100 bytes per second.'
  })
  watch.bytes += 1e9 // the file
  patience.afterFile()
  await patience.for(coming(30_000, 0))
  t.equal(patience.slowness, undefined)
  await patience.for(coming(1, 3_000))
  t.match(patience.slowness, { code: 'request_timeout' })
})

t.test('by default any speed will do, and the clock is the machine\'s own', async (t) => {
  const { patience, coming } = patienceWith()
  await patience.for(coming(1e9, 0))
  t.equal(patience.slowness, undefined)
  const plain = new FormPatience({ idleTimeoutMs: 1_000 })
  t.equal(await plain.for(Promise.resolve(1)), 1)
  t.equal(await plain.beforeFile(async () => plain.for(Promise.resolve(2))), 2)
  plain.afterFile()
  t.equal(plain.slowness, undefined)
})
