import t from 'tap'
import { Accounts } from '../../../../src/cloudinary/upstream/account/account-state.ts'
import { REAL_PACE } from '../../../../src/cloudinary/upstream/retry.ts'

t.test('clients of one account share what is known of it, and other accounts do not', async (t) => {
  const asked: string[] = []
  const accounts = new Accounts({ peek: async (account) => { asked.push(account); return undefined }, put: async () => {} })
  const demo = accounts.of('https://api.cloudinary.com/demo', REAL_PACE)
  t.equal(accounts.of('https://api.cloudinary.com/demo', REAL_PACE), demo)
  const other = accounts.of('https://api-eu.cloudinary.com/demo', REAL_PACE)
  t.not(other.quota, demo.quota)
  t.not(other.reads, demo.reads)
  t.not(other.absences, demo.absences)
  await other.quota.refresh()
  t.same(asked, ['https://api-eu.cloudinary.com/demo'])
})
