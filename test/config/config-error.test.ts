import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'

t.test('ConfigError', async (t) => {
  t.test('names every bad variable on a line of its own', async (t) => {
    const error = new ConfigError([{ name: 'PORT', reason: 'must be a number' }, { name: 'HOST', reason: 'is wrong' }])
    t.equal(error.message, 'The configuration is not valid.\n  PORT must be a number\n  HOST is wrong')
    t.equal(error.name, 'ConfigError')
    t.same(error.faults.map(({ name }) => name), ['PORT', 'HOST'])
  })
})
