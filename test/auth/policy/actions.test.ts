import t from 'tap'
import { ACTIONS, isAction, READING } from '../../../src/auth/policy/actions.ts'

t.test('actions are told from other names', async (t) => {
  t.equal(ACTIONS.length, 10)
  t.equal(isAction('uploadResource'), true)
  t.equal(isAction('getHealth'), false)
  t.equal(isAction(undefined), false)
  t.equal(READING.has('getSignedUrl'), true)
  t.equal(READING.has('generateSignature'), false, 'a signature lets its holder upload')
})
