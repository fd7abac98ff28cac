import { fork, type ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { setPriority } from 'node:os'
import { SandboxError } from '../errors.ts'
import { onFrame, writeFrame } from './frames.ts'
import { PIPE, type RenderJob, type RenderReply, type RenderResult } from './job.ts'

export interface RenderPoolOptions {
  /** Processes at most; each renders one image at a time. */
  readonly processes?: number
  /** Renderings that may wait; one more is refused. */
  readonly queueLength?: number
  /** After this the process is killed. */
  readonly timeoutMs?: number
  /** What a process may take to start, beside its first job; a busy machine takes long. */
  readonly startMs?: number
  /** An idle process ends after this. */
  readonly idleMs?: number
}

interface Task {
  readonly id: number
  readonly job: RenderJob
  readonly resolve: (result: RenderResult) => void
  readonly reject: (error: Error) => void
  /** It was once given to a process that had already died. */
  isSecondTry?: true
}

interface RenderProcess {
  readonly child: ChildProcess
  readonly pipe: Socket
  task?: Task
  isWarm?: true
  deadline?: NodeJS.Timeout
  idle?: NodeJS.Timeout
}

// Compiled, the neighbour is called `.js`.
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url)

/**
 * Processes that render. A hostile image can use up one of them, never the event loop that answers requests: it is killed
 * when its time is over, and the next job gets a new one. Processes start with the first job.
 */
export class RenderPool {
  readonly #options: Required<RenderPoolOptions>
  readonly #renderers = new Set<RenderProcess>()
  readonly #waiting: Task[] = []
  #nextId = 0
  #isClosed = false

  constructor (options: RenderPoolOptions = {}) {
    this.#options = { processes: 2, queueLength: 100, timeoutMs: 20_000, startMs: 30_000, idleMs: 30_000, ...options }
  }

  /** IDs of the processes that run now. */
  get processIds (): number[] {
    return [...this.#renderers].flatMap(({ child }) => child.pid ?? [])
  }

  /** @throws {SandboxError} 400 when the image cannot be rendered, 503 when there is no room or the process died. */
  async run (job: RenderJob): Promise<RenderResult> {
    if (this.#isClosed) throw new SandboxError(503, 'The sandbox is closing')
    if (this.#waiting.length >= this.#options.queueLength) throw new SandboxError(503, 'Too many images are being rendered', { 'retry-after': '1' })
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: this.#nextId++, job, resolve, reject })
      this.#next()
    })
  }

  close (): void {
    this.#isClosed = true
    for (const task of this.#waiting.splice(0)) task.reject(new SandboxError(503, 'The sandbox is closing'))
    for (const renderer of this.#renderers) this.#end(renderer, new SandboxError(503, 'The sandbox is closing'))
  }

  #next (): void {
    if (this.#waiting.length === 0) return
    const free = [...this.#renderers].find((renderer) => !renderer.task)
    if (!free && this.#renderers.size >= this.#options.processes) return
    const task = this.#waiting.shift()
    if (task) this.#start(free ?? this.#spawn(), task)
  }

  #start (renderer: RenderProcess, task: Task): void {
    const { child, pipe } = renderer
    clearTimeout(renderer.idle)
    renderer.task = task
    child.ref()
    pipe.ref()
    renderer.deadline = setTimeout(() => {
      this.#end(renderer, new SandboxError(400, 'The image takes too long to render'))
    }, this.#options.timeoutMs + (renderer.isWarm ? 0 : this.#options.startMs))
    writeFrame(pipe, { id: task.id, job: task.job })
  }

  #spawn (): RenderProcess {
    const child = fork(ENTRY, { stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'] })
    const pipe = child.stdio[PIPE]
    // A pipe that was asked for is a socket.
    if (!(pipe instanceof Socket)) throw new Error('The renderer has no pipe')
    // Node's own channel is not used: it must not keep either side alive.
    child.channel?.unref()
    const renderer: RenderProcess = { child, pipe }
    this.#renderers.add(renderer)
    if (child.pid !== undefined) yieldTo(child.pid)
    // The child is ours and sends nothing else.
    onFrame(pipe, (reply, bytes) => { this.#finish(renderer, reply as RenderReply, bytes) })
    // The pipe breaks when there is nobody left to read a job: nothing has been tried yet.
    pipe.on('error', () => { this.#giveBack(renderer) })
    child.on('error', () => { this.#end(renderer, new SandboxError(503, 'The renderer cannot start')) })
    // Not on `exit`, which may come before the error of a pipe that still holds a job.
    pipe.on('close', () => { this.#end(renderer, new SandboxError(503, 'The renderer ended')) })
    return renderer
  }

  #finish (renderer: RenderProcess, reply: RenderReply, bytes: Buffer): void {
    const { task, child, pipe } = renderer
    if (!task || task.id !== reply.id) return
    clearTimeout(renderer.deadline)
    renderer.isWarm = true
    delete renderer.task
    if ('result' in reply) task.resolve({ ...reply.result, bytes })
    else {
      const { status, message, headers } = reply.failure
      task.reject(new SandboxError(status, message, headers))
    }
    // A waiting process must not keep the one that started it alive.
    child.unref()
    pipe.unref()
    renderer.idle = setTimeout(() => { this.#end(renderer) }, this.#options.idleMs).unref()
    this.#next()
  }

  /** A process that died while it was idle has not harmed the job it got: that goes to another, once. */
  #giveBack (renderer: RenderProcess): void {
    const { task } = renderer
    if (task && !task.isSecondTry && this.#renderers.has(renderer)) {
      delete renderer.task
      this.#waiting.unshift(Object.assign(task, { isSecondTry: true as const }))
    }
    this.#end(renderer, new SandboxError(503, 'The renderer is gone'))
  }

  #end (renderer: RenderProcess, reason?: Error): void {
    if (!this.#renderers.delete(renderer)) return
    clearTimeout(renderer.deadline)
    clearTimeout(renderer.idle)
    renderer.child.kill('SIGKILL')
    if (reason) renderer.task?.reject(reason)
    if (!this.#isClosed) this.#next()
  }
}

/** Rendering gives way to answering. */
function yieldTo (pid: number): void {
  try {
    setPriority(pid, 5)
  } catch {
    // Not every system lets us; it is a courtesy only.
  }
}
