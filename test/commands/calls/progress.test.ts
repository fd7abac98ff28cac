import t from 'tap'
import { ProgressBar } from '../../../src/commands/calls/progress.ts'

t.test('ProgressBar', async (t) => {
  const drawn: string[] = []
  const write = (text: string): void => { drawn.push(text) }

  t.test('draws what looks different', async (t) => {
    const bar = new ProgressBar({ write, sizes: [100, 300] })
    bar.sent(0, 100)
    bar.sent(0, 101)
    bar.done(0, 100)
    bar.sent(1, 300)
    t.match(drawn, [
      '\r\u001b[K[======                  ]  25 %  0 of 2 files',
      '\r\u001b[K[======                  ]  25 %  1 of 2 files',
      '\r\u001b[K[========================] 100 %  1 of 2 files'
    ])
  })

  t.test('makes room, once', async (t) => {
    drawn.length = 0
    const bar = new ProgressBar({ write, sizes: [0, 0] })
    bar.clear()
    bar.done(0, 0)
    bar.clear()
    bar.clear()
    t.same(drawn, ['\r\u001b[K[============            ]  50 %  1 of 2 files', '\r\u001b[K'])
  })

  t.test('draws nothing without a terminal', async (t) => {
    const bar = new ProgressBar({ write: undefined, sizes: [1] })
    bar.done(0, 1)
    bar.clear()
    t.pass()
  })
})
