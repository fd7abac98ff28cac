import t from 'tap'
import { slowness } from '../../../src/input/forms/slow-sender.ts'

t.test('408 for a body that comes too slowly on average, once it was waited for long enough', async (t) => {
  t.equal(slowness('file', { bytes: 0, waitedMs: 30_000 }, 1024), undefined, 'everybody may pause')
  t.match(slowness('file', { bytes: 40_959, waitedMs: 40_000 }, 1024), {
    code: 'request_timeout', message: 'The file comes at less than 1024 bytes per second.'
  })
  t.equal(slowness('file', { bytes: 40_960, waitedMs: 40_000 }, 1024), undefined)
  t.match(slowness('form', { bytes: 1, waitedMs: 40_000 }, 10), {
    message: 'The form comes at less than 10 bytes per second.'
  })
  t.equal(slowness('form', { bytes: 1, waitedMs: 1e9 }, 0), undefined, 'any speed will do')
})
