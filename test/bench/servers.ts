import { spawn, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pinServer } from './pinning.ts'

/** A server under test, in a process of its own. */
export interface RunningServer {
  readonly url: string
  readonly pid: number
  stop (): Promise<void>
}

const START_MS = 20_000
const STOP_MS = 5_000
const ANSWER_MS = 15 * 60_000

async function stopChild (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** File that takes standard output and standard error. */
  readonly logFile: string
  /** Finds the address in the log. */
  readonly address: RegExp
}

/** Starts a program and waits until it has written its address. */
export async function startProgram ({ command, args, env = {}, logFile, address }: Program): Promise<RunningServer> {
  const log = openSync(logFile, 'w')
  const child = spawn(command, args, { env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env }, stdio: ['ignore', log, log] })
  closeSync(log)
  let failure: Error | undefined
  child.on('error', (error) => { failure = error })
  const deadline = Date.now() + START_MS
  for (;;) {
    if (failure) throw failure
    const text = readFileSync(logFile, 'utf8')
    const url = address.exec(text)?.[1]
    if (url !== undefined && child.pid !== undefined) {
      pinServer(child.pid)
      return { url, pid: child.pid, stop: () => stopChild(child) }
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      await stopChild(child)
      throw new Error(`${command} ${args.join(' ')} did not start:\n${text.slice(-2000)}`)
    }
    await sleep(20)
  }
}

/** A helper of the bench in a process of its own: it is asked and answers by messages. */
export class Helper {
  readonly #child: ChildProcess
  private constructor (child: ChildProcess) { this.#child = child }

  static start (file: string): Helper {
    return new Helper(fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
  }

  /** Sends one question; the next message is its answer. */
  async ask<Answer> (question: object): Promise<Answer> {
    const over = new AbortController()
    const { signal } = over
    const ended = once(this.#child, 'exit', { signal }).then(() => { throw new Error('a helper of the bench ended early') })
    const late = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS)
    this.#child.send(question)
    try {
      const [answer] = await Promise.race([once(this.#child, 'message', { signal }), ended]) as [Answer] // both sides are ours
      return answer
    } finally {
      clearTimeout(late)
      ended.catch(() => {}) // it is not waited for any more
      over.abort()
    }
  }

  async stop (): Promise<void> { await stopChild(this.#child) }
}
