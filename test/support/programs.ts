import { spawnSync, type ChildProcess } from 'node:child_process'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Returns whether a program can be started on this machine. */
export function isInstalled (program: string, args: readonly string[] = ['--version']): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/**
 * Returns why tests with a program are skipped on this machine, or false. With `CI=true` they are not: there its absence
 * is a failure.
 */
export function skipWithout (program: string, args?: readonly string[]): string | false {
  return !isInstalled(program, args) && process.env['CI'] !== 'true' && `${program} is not installed`
}

export async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo // it listens on TCP
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

function accepts (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => { resolve(false) })
  })
}

/** Resolves when a program takes connections. Throws when it has ended instead. */
export async function untilListening (child: ChildProcess, port: number): Promise<void> {
  while (!await accepts(port)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
    await sleep(10)
  }
}
