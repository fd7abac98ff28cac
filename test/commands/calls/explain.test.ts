import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('explain', async (t) => {
  const { call, see } = await callable(t)
  const signature = '0'.repeat(40)

  t.test('says why a signature was refused', async (t) => {
    const args = [
      'explain', '-f', 'folder=a', '-f', 'timestamp=1700000000', '--signature', signature
    ] as const
    t.match((await call(args)).lines, [{ fits: false, findings: [{ code: 'timestamp_stale' }] }])
    t.match(
      (await see(args)).out,
      /^The signature does not fit these fields\.\n\/timestamp: timestamp is [^]*\nNo single known/
    )
  })

  t.test('says that one fits', async (t) => {
    const { lines: [signed] } = await call(['sign', '--folder', 'a'])
    const fields = Object.entries(signed?.['fields'] as object).flatMap(
      ([name, value]) => name === 'api_key' ? [] : ['-f', `${name}=${value}`]
    )
    t.match((await see(['explain', ...fields])).out, /^The signature fits these fields\./)
  })

  t.test('reads the answer of Cloudinary', async (t) => {
    const error = `Invalid Signature ${signature}. String to sign - 'folder=a&timestamp=1700000000'.`
    t.match((await call(['explain', '--error', error])).lines, [{ fits: false }])
    await t.rejects(
      call(['explain', '--signature', signature]),
      { name: 'UsageError', message: /^Give the fields/ }
    )
  })
})
