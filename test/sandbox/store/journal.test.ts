import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import t, { type Test } from 'tap'
import { LevelJournal, MemoryJournal } from '../../../src/sandbox/store/journal.ts'

async function temporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-journal-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A database whose disk can be full; it tells what is done with it. Its ways are replaced on the one object, the rest is real. */
function onFullDisk (folder: string) {
  const level = new ClassicLevel(folder)
  const disk = { full: false, done: [] as string[] }
  const { open, close, batch } = level
  Object.assign(level, {
    open: async () => {
      disk.done.push('open')
      if (disk.full) throw new Error('no space left for opening')
      await Reflect.apply(open, level, [])
    },
    close: async () => {
      disk.done.push('close')
      await close.call(level)
    },
    batch: async (...args: unknown[]) => {
      disk.done.push('batch')
      if (disk.full) throw new Error('no space left')
      await Reflect.apply(batch, level, args)
    }
  })
  return { level, disk }
}

async function contents (journal: LevelJournal | MemoryJournal): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const [key, value] of journal.load()) found[key] = value
  return found
}

t.test('what is written is there at the next opening; what goes is not', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await LevelJournal.open(folder)
  await Promise.all([first.write([{ key: 'a', value: '1' }, { key: 'b', value: '2' }]), first.write([{ key: 'a' }])])
  first.writeLater('later', () => '3')
  first.writeLater('gone', () => undefined)
  first.writeLater('b', () => 'older')
  await first.write([{ key: 'b', value: 'newer' }])
  await first.close()
  const second = await LevelJournal.open(folder)
  t.same(await contents(second), { b: 'newer', later: '3' })
  await second.close()
})

t.test('after a write that failed the database is opened anew before the next one: its log may hold half a record', async (t) => {
  const folder = await temporaryFolder(t)
  const { level, disk } = onFullDisk(folder)
  const journal = await LevelJournal.open(folder, level)
  await journal.write([{ key: 'before', value: '1' }])
  disk.full = true
  await t.rejects(journal.write([{ key: 'lost', value: '2' }]), { message: 'no space left' })
  await t.rejects(journal.write([{ key: 'lost too', value: '3' }]), { message: 'no space left for opening' }, 'nothing is written until it is open again')
  disk.full = false
  await journal.write([{ key: 'after', value: '4' }])
  await journal.write([{ key: 'later', value: '5' }])
  t.same(disk.done, ['open', 'batch', 'batch', 'close', 'open', 'close', 'open', 'batch', 'batch'])
  await journal.close()
  const next = await LevelJournal.open(folder)
  t.same(await contents(next), { before: '1', after: '4', later: '5' })
  await next.close()
})

t.test('a write that fails takes with it those that came later, the newest first: each was built on the one before', async (t) => {
  const folder = await temporaryFolder(t)
  const { level, disk } = onFullDisk(folder)
  const journal = await LevelJournal.open(folder, level)
  const refused: string[] = []
  const write = (key: string) => journal.write([{ key, value: '1' }]).catch(() => { refused.push(key) })
  disk.full = true
  let late: Promise<unknown> | undefined
  Object.assign(level, {
    batch: async () => {
      late = write('while it is written')
      throw new Error('no space left')
    }
  })
  await Promise.all([write('first'), write('second')])
  await late
  t.same(refused, ['while it is written', 'second', 'first'])
  disk.full = false
  await journal.close()
})

t.test('a folder that is damaged or in use, or is none: one line that names it, and nothing stays open', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await LevelJournal.open(folder)
  await first.write([{ key: 'a', value: 'some text '.repeat(100) }])
  await t.rejects(LevelJournal.open(folder), { message: `The sandbox folder ${folder} is in use by another process. Stop that one or choose another folder.` })
  await first.close()
  await t.rejects(LevelJournal.open(join(folder, 'CURRENT')), { message: /^The sandbox folder .*CURRENT cannot be opened: / })
  // The second opening puts what the log holds into a table.
  await (await LevelJournal.open(folder)).close()
  const table = (await readdir(folder)).find((name) => name.endsWith('.ldb')) ?? ''
  const bytes = await readFile(join(folder, table))
  await writeFile(join(folder, table), Buffer.from(bytes).fill(0xff, 0, bytes.length - 48))
  const damaged = await LevelJournal.open(folder)
  await t.rejects(contents(damaged), { message: /^The sandbox folder .* is damaged: Corruption: .*; delete it or restore it\.$/, cause: { code: 'LEVEL_CORRUPTION' } })
  await writeFile(join(folder, table), bytes)
  const restored = await LevelJournal.open(folder)
  t.same(Object.keys(await contents(restored)), ['a'])
  await restored.close()
})

t.test('a journal in memory keeps nothing', async (t) => {
  const journal = new MemoryJournal()
  await journal.write()
  journal.writeLater()
  t.same(await contents(journal), {})
  await journal.close()
})

t.test('everything goes at once, with what was to be written later, and what is written behind it stays', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await LevelJournal.open(folder)
  await first.write([
    { key: 'a', value: '1' }, { key: '\u0000b', value: '2' }, { key: '\u{1f600}', value: '3' }
  ])
  first.writeLater('later', () => '4')
  await Promise.all([
    first.write([{ key: 'before', value: '5' }]), first.clear(), first.write([{ key: 'behind', value: '6' }])
  ])
  t.same(await contents(first), { behind: '6' })
  await first.close()
  const second = await LevelJournal.open(folder)
  t.same(await contents(second), { behind: '6' })
  await second.close()
})

t.test('a process that ended while everything was removed leaves nothing of it', async (t) => {
  const folder = await temporaryFolder(t)
  const first = await LevelJournal.open(folder)
  await first.write([{ key: 'a', value: '1' }, { key: 'b', value: '2' }])
  // Its disk fails once it is decided, and then it is killed.
  const level = new ClassicLevel(`${folder}/other`)
  Object.assign(level, { clear: async () => { throw new Error('input/output error') } })
  const failing = await LevelJournal.open(`${folder}/other`, level)
  await failing.write([{ key: 'a', value: '1' }])
  await failing.clear()
  await t.rejects(failing.write([{ key: 'b', value: '2' }]), {
    message: 'input/output error'
  }, 'nothing is written before the rest is gone')
  await level.close()
  const second = await LevelJournal.open(`${folder}/other`)
  t.same(await contents(second), {})
  await second.write([{ key: 'c', value: '3' }])
  t.same(await contents(second), { c: '3' })
  await Promise.all([first.close(), second.close()])
})

t.test('when the disk does not even take that, everything stays', async (t) => {
  const folder = await temporaryFolder(t)
  const level = new ClassicLevel(folder)
  const put = level.put.bind(level)
  const journal = await LevelJournal.open(folder, level)
  await journal.write([{ key: 'a', value: '1' }])
  Object.assign(level, { put: async () => { throw new Error('no space left') } })
  await t.rejects(journal.clear(), { message: 'no space left' })
  Object.assign(level, { put })
  t.same(await contents(journal), { a: '1' })
  await journal.close()
})
