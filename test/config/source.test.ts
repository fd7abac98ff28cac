import t from 'tap'
import { Source, unreadable } from '../../src/config/source.ts'

const noFile = () => { throw Object.assign(new Error('open /secret/path'), { code: 'ENOENT' }) }

t.test('Source', async (t) => {
  t.test('counts an empty variable as unset', async (t) => {
    const source = new Source({ B: 'b', A: 'a', EMPTY: '', UNSET: undefined }, noFile)
    t.same(source.names, ['A', 'B'])
    t.equal(source.value('A'), 'a')
    t.equal(source.value('EMPTY'), undefined)
    t.equal(source.plain('UNSET'), undefined)
    t.same([source.has('A'), source.has('EMPTY')], [true, false])
    t.same(source.faults, [])
  })

  t.test('counts what Kubernetes sets for a Service as unset', async (t) => {
    const source = new Source({ A_SERVICE_HOST: '10.0.0.1', A_PORT: 'tcp://10.0.0.1:80', A: 'a' }, noFile)
    t.same(source.names, ['A'])
    t.same([source.plain('A_PORT'), source.has('A_PORT')], [undefined, false])
    t.same([...source.serviceLinks], ['A_SERVICE_HOST', 'A_PORT'])
  })

  t.test('reads the file that <NAME>_FILE names, without the line end at its end', async (t) => {
    const files: Record<string, string> = { '/lf': 'one\n', '/crlf': 'two\r\n', '/bare': 'three', '/two': 'four\n\n' }
    const source = new Source({ A_FILE: '/lf', B_FILE: '/crlf', C_FILE: '/bare', D_FILE: '/two' }, (path) => files[path] ?? noFile())
    t.same(['A', 'B', 'C', 'D'].map((name) => source.value(name)), ['one', 'two', 'three', 'four\n'])
    t.ok(source.has('A'))
    t.same(source.faults, [])
  })

  t.test('faults: both forms, a file that is empty or unreadable; neither path nor value is told', async (t) => {
    const source = new Source({ A: 'value', A_FILE: '/a', B_FILE: '/secret/path', C_FILE: '/empty' }, (path) => path === '/empty' ? '\n' : noFile())
    t.same(['A', 'B', 'C'].map((name) => source.value(name)), [undefined, undefined, undefined])
    t.same(source.faults, [
      { name: 'A', reason: 'is set together with A_FILE; keep one of them' },
      { name: 'B_FILE', reason: 'names a file that cannot be read (ENOENT)' },
      { name: 'C_FILE', reason: 'names a file that is empty' }
    ])
  })

  t.test('keeps control characters of a name out of the report', async (t) => {
    const source = new Source({}, noFile)
    source.fault('A\u001B[31m\n', 'is bad')
    t.same(source.faults, [{ name: 'A?[31m?', reason: 'is bad' }])
  })
})

t.test('unreadable', async (t) => {
  t.equal(unreadable(new Error('it is larger than 1 MiB')), 'names a file that cannot be used: it is larger than 1 MiB')
  t.equal(unreadable(Object.assign(new Error('x'), { code: 7 })), 'names a file that cannot be used: x')
  t.equal(unreadable('text'), 'names a file that cannot be used: unknown reason')
})
