import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { measured } from '../support/measured.ts'
import { startFlags } from '../support/start-flags.ts'
import { LONG } from '../support/rounds.ts'

const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
const { scripts } = JSON.parse(manifest) as { scripts: { start: string } } // the project's own
const FLAGS = startFlags(scripts.start)

/** From this version on V8 has a limit of its own for buffers. */
const HAS_OWN_LIMIT = Number(process.versions.v8.split('.')[0]) >= 13
const OWN_LIMIT = HAS_OWN_LIMIT && 'this V8 does not count buffers as growth of the heap'

t.test('npm start says at once what it does, apart from the log on standard output', async (t) => {
  const [first = ''] = scripts.start.split(' && ')
  const { status, stdout, stderr } = spawnSync(first, { shell: true, encoding: 'utf8' })
  t.match({ status, stdout }, { status: 0, stdout: /^$/ })
  t.match(stderr, /^Compiling .+\n$/)
})

t.test('the flags of npm start', { skip: LONG }, async (t) => {
  t.test('after a quiet time the heap is not searched again and again', { skip: OWN_LIMIT }, async (t) => {
    // The reducer is left on, so that there is a quiet time. Without the other flags 6 to 14 times.
    const reducing = FLAGS.filter((flag) => flag !== '--no-memory-reducer')
    t.ok(await measured('quiet-then-busy.ts', [...reducing, '--gc-memory-reducer-start-delay-ms=50']) < 3)
  })

  t.test('objects whose kind was kept once are dropped like all others', async (t) => {
    // Without them 3 times on Node 24, and about 10 before that.
    t.ok(await measured('first-kept.ts', FLAGS) < 3)
  })
})
