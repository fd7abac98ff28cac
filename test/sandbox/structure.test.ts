import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { circleIn, graphOf, importsOf, sharedTypeNames } from '../support/structure.ts'

const ROOT = join(import.meta.dirname, '../../src/sandbox')

const LIST = ['ls-files', '--cached', '--others', '--exclude-standard']
/** From git, so that what is ignored does not count. */
const files = execFileSync('git', LIST, { cwd: ROOT, encoding: 'utf8' })
  .split('\n').filter((file) => file.endsWith('.ts') && existsSync(join(ROOT, file)))
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** A room is a folder; a file beside the rooms is one of its own. */
function roomOf (file: string): string {
  return file.includes('/') ? dirname(file) : file.replace(/\.ts$/, '')
}

const imports = files.flatMap((from) => importsOf(from, textOf(from)))

/** Files beside the rooms that every room may use, and that use nothing of the sandbox themselves. */
const BASICS = ['background', 'base64', 'clouds', 'decoded', 'errors', 'format-names', 'imitation', 'random', 'svg']

/** The arrows that README lists, one room a line: `room > others`. */
function listedArrows (): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const block = /^## Arrows$[^]*?^```$([^]*?)^```$/m.exec(readme)?.[1] ?? ''
  return block.trim().split('\n').flatMap((line) => {
    const [room = '', others = ''] = line.split(' > ')
    return others.split(', ').map((other) => `${room.trim()} > ${other.trim()}`)
  })
}

const arrows = imports.map(({ from, to }) => [roomOf(from), roomOf(to)] as const)
  .filter(([from, to]) => from !== to)

t.test('nothing outside is imported', async (t) => {
  t.same(imports.filter(({ to }) => !files.includes(to)), [])
})

t.test('the arrows between rooms are those that README lists, and each is used', async (t) => {
  const used = new Set(arrows.filter(([, to]) => !BASICS.includes(to)).map(([from, to]) => `${from} > ${to}`))
  t.ok(used.size > 0)
  t.same([...used].sort(), listedArrows().sort())
})

t.test('a basic file imports nothing, and at least two rooms use it', async (t) => {
  for (const basic of BASICS) {
    t.same(imports.filter(({ from }) => from === `${basic}.ts`), [], `${basic} imports nothing`)
    const users = new Set(arrows.filter(([, to]) => to === basic).map(([from]) => from))
    t.ok(users.size > 1, `${basic} has users`)
  }
})

t.test('no circle, neither of rooms nor of files', async (t) => {
  t.equal(circleIn(graphOf(arrows)), undefined)
  t.equal(circleIn(graphOf(imports.map(({ from, to }) => [from, to]))), undefined)
  t.same(circleIn(graphOf([['a', 'b'], ['b', 'c'], ['c', 'b']])), ['b', 'c', 'b'], 'one would be found')
})

t.test('a name of a type means one thing', async (t) => {
  t.same(sharedTypeNames(files, textOf), [])
})

t.test('rooms and files stay small', async (t) => {
  const sizes = new Map<string, number>()
  const inRooms = files.filter((file) => file.includes('/'))
  for (const room of inRooms.map(roomOf)) sizes.set(room, (sizes.get(room) ?? 0) + 1)
  t.same([...sizes].filter(([, size]) => size > 20), [], 'at most 20 files in a room')
  t.same(files.filter((file) => textOf(file).split('\n').length > 260), [], 'at most 260 lines in a file')
})
