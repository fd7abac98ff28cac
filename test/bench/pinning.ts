import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { processTree } from './process-stats.ts'

/**
 * The server under test runs on the first core, whatever sends and receives on the others. Otherwise the work of the
 * loopback device is booked to whoever happens to run, and a figure depends on that. Without `taskset` nothing happens.
 */
function pin (pids: readonly number[], cores: string): void {
  if (availableParallelism() < 2) return
  for (const pid of pids) spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' })
}

export function pinServer (pid: number): void { pin(processTree(pid), '0') }

/** To be called before anything else is started: children inherit it. */
export function pinBench (): void { pin([process.pid], `1-${availableParallelism() - 1}`) }
