import t from 'tap'
import { AnswerRoom } from '../../../src/cloudinary/upstream/answer-room.ts'

const KIB = 1024
const overloaded = { code: 'overloaded', headers: { 'retry-after': '5' } }

t.test('a large answer is refused where others fill the room, and what it took is given back', async (t) => {
  const room = new AnswerRoom(300 * KIB)
  const [first, second, change] = [room.enter(true), room.enter(true), room.enter(false)]
  first.add(200 * KIB)
  second.add(100 * KIB)
  t.throws(() => { second.add(1) }, overloaded)
  second.leave()
  second.leave()
  second.add(100 * KIB)
  t.equal(room.bytes, 200 * KIB)
  change.add(200 * KIB)
  t.equal(room.bytes, 400 * KIB, 'a change is done: its answer is taken')
  room.enter(true).add(64 * KIB)
  t.pass('a small answer always has room')
})

t.test('an answer that is alone has as much room as it needs', async (t) => {
  const room = new AnswerRoom(10)
  const answer = room.enter(true)
  answer.add(100 * KIB)
  answer.add(100 * KIB)
  answer.leave()
  t.equal(room.bytes, 0)
})
