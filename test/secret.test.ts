import { inspect } from 'node:util'
import t from 'tap'
import { Secret } from '../src/secret.ts'

t.test('a secret shows itself to reveal() alone', async (t) => {
  const secret = new Secret('canary')
  t.equal(secret.reveal(), 'canary')
  const shown = [`${secret}`, JSON.stringify({ secret }), inspect(secret), inspect({ deep: { secret } }, { depth: 9, showHidden: true }), JSON.stringify(Object.entries(secret))]
  for (const text of shown) t.notMatch(text, /canary/)
  t.match(shown.slice(0, 3).join(), /\[secret\]/)
})
