import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Outlet, type OutletOptions } from '../../../src/commands/log/outlet.ts'
import { reluctantPipe } from '../../support/reluctant-pipe.ts'

const onDropped = (): void => { throw new Error('nothing is dropped') }

function fileOutlet (t: Test, options: Partial<OutletOptions> = {}) {
  const file = join(t.testdir({ log: '' }), 'log')
  const fd = openSync(file, 'a')
  t.teardown(() => { closeSync(fd) })
  return { outlet: new Outlet(fd, { onDropped, ...options }), written: () => readFileSync(file, 'utf8') }
}
const flushed = (outlet: Outlet) => new Promise<void>((resolve) => { outlet.flush(resolve) })
const LINE = `${'x'.repeat(1023)}\n`

t.test('a line is written at once', async (t) => {
  const { outlet, written } = fileOutlet(t)
  outlet.write('one\n')
  t.equal(written(), 'one\n')
  await flushed(outlet)
  t.equal(written(), 'one\n')
})

t.test('lines are written together and edited, and none is lost at the end', async (t) => {
  const pieces: string[] = []
  const { outlet, written } = fileOutlet(t, {
    lingerMs: 10,
    edit: (lines) => {
      pieces.push(lines)
      return lines.replaceAll('secret', '******')
    }
  })
  outlet.write('one\n')
  outlet.write('two\n')
  t.equal(written(), '')
  while (written() === '') await sleep(5)
  t.same(pieces.splice(0), ['one\ntwo\n'])
  outlet.write('three, secret\n')
  outlet.flushSync()
  t.equal(written(), 'one\ntwo\nthree, ******\n', 'the process may end now')
  outlet.flushSync()
  t.equal(written(), 'one\ntwo\nthree, ******\n', 'once')
  const long = `${'x'.repeat(70_000)}\n`
  outlet.write(long)
  t.equal(written(), `one\ntwo\nthree, ******\n${long}`, 'a long one waits for nothing')
  t.same(pieces, ['three, secret\n', long])
})

t.test('a pipe that is not read holds nothing up; what is beyond 1 MiB is dropped and counted', async (t) => {
  const pipe = reluctantPipe(t)
  const outlet = new Outlet(pipe.writer)
  const TOGETHER = 2000
  for (let count = 0; count < TOGETHER; count++) outlet.write(LINE)
  await flushed(outlet) // in vain
  outlet.write('one more\n')
  const [, dropped = ''] = await pipe.until(/(\d+) messages are missing here\.\n$/)
  outlet.write('afterwards\n')
  await flushed(outlet)
  t.ok(Number(dropped) > 500 && Number(dropped) < 1000, 'what the pipe holds, and 1 MiB, was kept')
  const kept = LINE.repeat(TOGETHER + 1 - Number(dropped))
  t.equal(pipe.read(), `${kept}${dropped} messages are missing here.\nafterwards\n`)
})

t.test('what a slow reader takes is complete', async (t) => {
  const pipe = reluctantPipe(t)
  const outlet = new Outlet(pipe.writer, { onDropped })
  outlet.write(LINE.repeat(900))
  const [all] = await Promise.all([pipe.until(/^[^]{921600}$/), flushed(outlet)])
  t.equal(all[0], LINE.repeat(900))
})

t.test('what cannot be written is not waited for, and does not throw', async (t) => {
  const pipe = reluctantPipe(t)
  const gone = new Outlet(pipe.writer, { onDropped })
  pipe.leave()
  const closed = openSync('/dev/null', 'w')
  closeSync(closed)
  for (const outlet of [gone, new Outlet(closed, { onDropped })]) {
    outlet.write('one\n')
    outlet.write('two\n')
    await flushed(outlet)
    outlet.flushSync()
  }
})

t.test('a closed descriptor is left alone: the next file that is opened gets its number', async (t) => {
  const file = join(t.testdir({ other: '' }), 'other')
  const closed = openSync('/dev/null', 'w')
  const outlet = new Outlet(closed, { onDropped })
  closeSync(closed)
  outlet.write('one\n')
  const reused = openSync(file, 'a')
  t.teardown(() => { closeSync(reused) })
  t.equal(reused, closed)
  outlet.write('two\n')
  await flushed(outlet)
  outlet.flushSync()
  t.equal(readFileSync(file, 'utf8'), '')
})
