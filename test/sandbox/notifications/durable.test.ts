import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { MemoryBlobs } from '../../../src/sandbox/store/blobs-memory.ts'
import { MemoryJournal } from '../../../src/sandbox/store/journal.ts'
import { startSandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'
import { startSandboxProcess } from '../../support/sandbox-process.ts'
import { Notifier } from '../../../src/sandbox/notifications/notifier.ts'
import { randomSource } from '../../../src/sandbox/random.ts'
import { Store } from '../../../src/sandbox/store/store.ts'
import { receiver } from '../../support/receiver.ts'
import { LONG } from '../../support/rounds.ts'

const CLOUD = { cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }
const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }

async function temporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-durable-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function start (t: Test, data: string, options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ data, allowPrivateFetch: true, ...options })
  t.teardown(() => sandbox.close())
  return sandbox
}

const later = (url: string, form: Record<string, string>) => fetch(`${url}/v1_1/demo/image/upload`, { method: 'POST', headers: BASIC, body: new URLSearchParams({ async: 'true', ...form }) })

t.test('kill -9 after `pending`: the next process makes the assets and tells of them, or why there are none', { skip: LONG }, async (t) => {
  const { heard, until, url } = await receiver(t)
  const data = await temporaryFolder(t)
  const big = `data:image/png;base64,${(await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#336699' } }).png().toBuffer()).toString('base64')}`
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  const answers = await Promise.all([
    later(first.url, { file: big, public_id: 'plain', eager: 'c_scale,w_1500/e_blur:300', notification_url: url }),
    later(first.url, { file: big, public_id: 'changed', transformation: 'c_scale,w_2000/e_blur:300', tags: 'kept', notification_url: url }),
    later(first.url, { file: big, public_id: 'never', transformation: 'c_scale,w_1000/e_blur:300/w_x', notification_url: url })
  ])
  await first.kill()
  t.same(answers.map(({ status }) => status), [200, 200, 200])
  const second = await start(t, data)
  await until(3)
  const told = new Map(heard.map((body) => [body['public_id'], body]))
  t.match(told.get('plain'), { notification_type: 'upload', width: 3000, url: new RegExp(`^${second.url}/`) })
  t.match(told.get('changed'), { notification_type: 'upload', width: 2000, tags: ['kept'] })
  t.match(told.get('never'), { notification_type: 'error', error: { message: 'Invalid width in transformation: x' } })
  await second.close()
  const third = await start(t, data)
  t.equal((await fetch(`${third.url}/demo/image/upload/plain.png`)).status, 200)
  await third.close()
  t.equal((await readdir(join(data, 'blobs'))).length, 3, 'two assets, one of them with a derived one, and nothing else')
  t.equal(new Set(heard.map((body) => body['request_id'])).size, 3, 'nothing else is told')
})

t.test('a notification that was not heard is tried again by the next process', async (t) => {
  const { heard, until, url } = await receiver(t, [500])
  const data = await temporaryFolder(t)
  const first = await startSandboxProcess(t, data, { allowPrivateFetch: true })
  await fetch(`${first.url}/v1_1/demo/raw/upload`, { method: 'POST', headers: BASIC, body: new URLSearchParams({ file: 'data:text/plain;base64,aGk=', public_id: 'a', notification_url: url }) })
  await until(1)
  await first.kill()
  await start(t, data, { notificationRetryMs: [5, 10, 15] })
  await until(2)
  t.match(heard[0], { notification_type: 'upload', public_id: 'a' })
  t.same(heard[1], heard[0], 'the same words')
})

/** Of a notifier at a fixed time that may reach this machine. */
const optionsFor = (store: Store) => ({ store, clock: () => 1_700_000_000_000, random: randomSource(1), allowPrivate: true, timeoutMs: 20_000 })

t.test('the times of further tries count from the first one, whoever makes them; those that are overdue are one', async (t) => {
  const cases: [title: string, tries: number, passedMs: number, statuses: number[], posts: number, waits: number[]][] = [
    ['in time for the second', 1, 60_000, [500, 500, 500], 3, [120_000, 180_000, 180_000]],
    ['two are overdue', 1, 400_000, [500, 500], 2, [140_000]],
    ['all are overdue', 1, 10_000_000, [500], 1, []],
    ['never tried', 0, 0, [500, 500, 500, 500], 4, [180_000, 180_000, 180_000]],
    ['heard', 2, 200_000, [], 1, [160_000]]
  ]
  for (const [title, tries, passedMs, statuses, posts, expected] of cases) {
    const { heard, url } = await receiver(t, statuses)
    const store = await Store.open(new MemoryJournal(), new MemoryBlobs())
    const waits: number[] = []
    const notifier = new Notifier({
      ...optionsFor(store),
      retryAfterMs: [180_000, 360_000, 540_000],
      onError: (error) => { throw error },
      wait: async (ms) => { waits.push(ms) }
    })
    await store.cloud('demo').putDocument('notification', 'n', { address: url, body: '{}', firstMs: 1_700_000_000_000 - passedMs, tries })
    notifier.resume([CLOUD])
    await notifier.settle()
    t.same(waits, expected, title)
    t.equal(heard.length, posts, title)
    t.same(store.cloud('demo').documents('notification'), [], `${title}: then it is forgotten`)
  }
})

/** Takes no more than `writes` of them. */
class FullDisk extends MemoryJournal {
  writes = 0

  override async write (): Promise<void> {
    if (this.writes-- <= 0) throw new Error('no space left')
  }
}

t.test('why a notification could not be kept or forgotten is said; that nobody answers, or that it is given up, is no failure', async (t) => {
  const { heard, url } = await receiver(t, [200, 500])
  const journal = new FullDisk()
  const store = await Store.open(journal, new MemoryBlobs())
  const errors: unknown[] = []
  const notifier = new Notifier({
    ...optionsFor(store),
    retryAfterMs: [180_000],
    onError: (error) => { errors.push(error) }
  })
  const tell = async (writes: number) => {
    journal.writes = writes
    notifier.notify(CLOUD, 'upload', url, {})
    await notifier.settle()
    return errors.splice(0)
  }
  t.match(await tell(0), [{ message: 'no space left' }], 'not kept')
  t.equal(heard.length, 0)
  t.match(await tell(1), [{ message: 'no space left' }], 'not forgotten')
  t.equal(heard.length, 1)
  journal.writes = 100
  notifier.notify(CLOUD, 'upload', url, {})
  const failed = () => store.cloud('demo').documents<{ tries: number }>('notification').some(([, { tries }]) => tries === 1)
  while (!failed()) await turn()
  await notifier.abandon()
  t.same(errors, [])
  t.equal(heard.length, 2)
})

t.test('a reset forgets what is still to be told', async (t) => {
  const { heard, until, url } = await receiver(t, [500])
  const data = await temporaryFolder(t)
  const first = await start(t, data)
  await first.add('a', { notification_url: url })
  await until(1)
  await first.reset()
  await first.close()
  const second = await start(t, data, { notificationRetryMs: [5, 10, 15] })
  await second.close()
  t.equal(heard.length, 1)
})
