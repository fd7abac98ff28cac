import { Worker } from 'node:worker_threads'

/** Program of the thread. It finds the module by its address, compiled or not. */
const CODE = `
import { parentPort, workerData } from 'node:worker_threads'
const { module, name, given } = workerData
const exported = await import(module)
parentPort.postMessage(exported[name](...given))
`
const ENTRY = new URL(`data:text/javascript,${encodeURIComponent(CODE)}`)
const TIMEOUT_MS = 30_000
/** tsx, which runs the sources in development, teaches TypeScript to the main thread alone. */
const UNREADABLE = 'ERR_UNKNOWN_FILE_EXTENSION'

/** A function that a module exports. What it is given and what it returns are copied. */
export interface ThreadCall {
  /** Address of the module, as `import.meta.url` tells it. */
  readonly module: string
  readonly name: string
  readonly given: readonly unknown[]
}

/**
 * Calls a function in a thread of its own, so that requests are answered meanwhile. Where no thread can read the
 * module, it is called in this one.
 * @throws {Error} what the function threw, or that the time is up; the reason of `signal` when that aborts.
 */
export async function inThread (
  call: ThreadCall, signal: AbortSignal, timeoutMs = TIMEOUT_MS
): Promise<unknown> {
  signal.throwIfAborted()
  try {
    return await answerOf(call, signal, timeoutMs)
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code !== UNREADABLE) throw error
    return here(call)
  }
}

type Exported = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>

async function here ({ module, name, given }: ThreadCall): Promise<unknown> {
  const exported = await import(module) as Exported // as for the thread
  return exported[name]?.(...given)
}

async function answerOf (call: ThreadCall, signal: AbortSignal, timeoutMs: number): Promise<unknown> {
  const worker = new Worker(ENTRY, { workerData: call })
  try {
    return await new Promise((resolve, reject) => {
      const late = new Error(`it took longer than ${timeoutMs} ms`)
      const deadline = AbortSignal.timeout(timeoutMs)
      deadline.addEventListener('abort', () => { reject(late) })
      signal.addEventListener('abort', () => { reject(signal.reason) }, { signal: deadline })
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  } finally {
    await worker.terminate()
  }
}
