import t from 'tap'
import { FolderMode } from '../../../src/cloudinary/upstream/folder-mode.ts'

const call = { signal: new AbortController().signal }

t.test('the folder mode is asked for once in ten minutes, and what cannot be found out is undefined', async (t) => {
  let nowMs = 0
  const answers: Array<() => string> = [
    () => 'dynamic',
    () => { throw new Error('the quota is used up') },
    () => 'fixed'
  ]
  let asked = 0
  const folderMode = new FolderMode(async () => answers[asked++]?.(), () => nowMs)
  t.equal(await folderMode.find(call), 'dynamic')
  nowMs += 599_999
  t.equal(await folderMode.find(call), 'dynamic')
  t.equal(asked, 1)
  nowMs += 1
  t.equal(await folderMode.find(call), undefined)
  t.equal(await folderMode.find(call), undefined)
  t.equal(asked, 2, 'a failure is not repeated at once')
  nowMs += 600_000
  t.equal(await folderMode.find(call), 'fixed')
})

t.test('what a caller that has left was told is not remembered', async (t) => {
  let asked = 0
  const folderMode = new FolderMode(async () => { asked++; return 'fixed' }, () => 0)
  t.equal(await folderMode.find({ signal: AbortSignal.abort() }), undefined)
  t.equal(await folderMode.find(call), 'fixed')
  t.equal(asked, 2)
})

t.test('nothing is asked while no call may be spent on it, and what is known is kept', async (t) => {
  let nowMs = 0
  let mayAsk = false
  let asked = 0
  const folderMode = new FolderMode(async () => { asked++; return 'fixed' }, () => nowMs, () => mayAsk)
  t.equal(await folderMode.find(call), undefined)
  mayAsk = true
  t.equal(await folderMode.find(call), 'fixed')
  mayAsk = false
  nowMs = 1e9
  t.equal(await folderMode.find(call), 'fixed')
  t.equal(asked, 1)
})
