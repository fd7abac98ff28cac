import t from 'tap'
import { once } from '../../../src/cloudinary/upload/release.ts'

t.test('what is given back twice is given back once', async (t) => {
  let given = 0
  const release = once(() => { given++ })
  t.equal(given, 0)
  release()
  release()
  t.equal(given, 1)
})
