/**
 * What takes too long for `npm test`, by hand: `npm run drill -- NAME [options]`. Without a name it lists the drills.
 * A drill ends with 0 when all of it held.
 */
import { faults } from './faults.ts'
import { hang } from './hang.ts'
import { nodes } from './nodes.ts'
import { packaged } from './package.ts'
import { memory } from './memory.ts'
import { resident } from './resident.ts'
import { rounds } from './rounds.ts'
import { soak } from './soak.ts'
import { upstreamGone } from './upstream-gone.ts'

export interface Drill {
  /** One line for the list. */
  readonly about: string
  /** Fails by throwing. `options` is the rest of the command line. */
  readonly run: (options: readonly string[]) => Promise<void>
}

const DRILLS: Readonly<Record<string, Drill>> = {
  faults, hang, memory, nodes, package: packaged, resident, rounds, soak, 'upstream-gone': upstreamGone
}

const [name = '', ...options] = process.argv.slice(2)
const drill = Object.hasOwn(DRILLS, name) ? DRILLS[name] : undefined
if (drill) {
  await drill.run(options)
  console.log(`${name}: all of it held`)
} else {
  if (name !== '') console.error(`There is no drill "${name}".\n`)
  console.log(`npm run drill -- NAME\n\n${Object.entries(DRILLS).map(([known, { about }]) => `  ${known.padEnd(15)}${about}`).join('\n')}`)
  process.exitCode = name === '' ? 0 : 2
}
