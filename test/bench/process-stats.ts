import { readdirSync, readFileSync } from 'node:fs'

/** Ticks per second of the counters in /proc, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const KIB = 1024

/** The fields of /proc/<pid>/stat after the name, which may hold blanks and brackets. */
function statFields (pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined // it has ended
  }
}

/** A process and all that it started. */
export function processTree (root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? statFields(pid)?.[1] : undefined
    if (parent !== undefined) parents.set(pid, Number(parent))
  }
  const tree = [root]
  for (const pid of tree) tree.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child))
  return tree
}

/** Seconds of CPU, user and system, that a process and its children have used so far; children that ended count too. */
export function cpuSeconds (root: number): number {
  const ticks = processTree(root).map((pid) => (statFields(pid)?.slice(11, 15) ?? []).reduce((sum, field) => sum + Number(field), 0))
  return ticks.reduce((sum, own) => sum + own, 0) / TICKS_PER_SECOND
}

function statusBytes (pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${field}`)
  return Number(kib) * KIB
}

/** Memory that the process has resident now, in bytes. */
export function residentBytes (pid: number): number { return statusBytes(pid, 'VmRSS') }

/** The most that it ever had, in bytes. */
export function peakBytes (pid: number): number { return statusBytes(pid, 'VmHWM') }
