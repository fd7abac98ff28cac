import { createHash } from 'node:crypto'
import t from 'tap'
import { key, makeKey } from '../../src/commands/key.ts'
import { loadConfig } from '../../src/config/config.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'

t.test('key', async (t) => {
  t.test('prints a key and the entry that GATEWAY_KEYS takes for it', async (t) => {
    const terminal = recordedTerminal()
    t.equal(await key(terminal, { name: 'cms' }), 0)
    const [made = '', entry = ''] = terminal.written.out.split('\n')
    t.match(made, /^cgw_[\w-]{43}$/)
    const [known] = loadConfig({ GATEWAY_KEYS: entry }).auth.keys
    t.equal(known?.caller, 'cms')
    t.same(known?.digest, createHash('sha256').update(made).digest())
    t.notMatch(terminal.written.err, made)
  })

  t.test('makes another one each time, of 32 random bytes', async (t) => {
    t.not(makeKey(), makeKey())
    t.equal(makeKey((size) => Buffer.alloc(size, 0)), `cgw_${'A'.repeat(43)}`)
  })
})
