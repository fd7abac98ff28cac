import { spawn, type StdioOptions } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { bareNode, productArguments } from './product.ts'
import { WITH_TYPESCRIPT } from './with-typescript.ts'

const root = join(import.meta.dirname, '../..')
const QUIET = { PATH: process.env['PATH'], SANDBOX_PORT: '0', SANDBOX_DATA: ':memory:' }
const SERVER = 'src/server.ts'
/** Starts the program in a way that counts for the coverage of its first file. */
export const COVERED: readonly string[] = [process.execPath, ...WITH_TYPESCRIPT, join(root, SERVER)]
/** Starts the program. `options` stand in its `NODE_OPTIONS`. */
export const programCommand = (options?: string): readonly string[] =>
  bareNode(productArguments(SERVER), options)

interface Starting {
  /** What is started; by default the program. */
  readonly command?: readonly string[]
  readonly stdio?: StdioOptions
}

/** Runs the program for real. `until` resolves with all that was written so far once it matches. */
export function run (
  t: { teardown: (end: () => void) => void },
  args: readonly string[],
  variables: Record<string, string | undefined> = {},
  { command = programCommand(variables['NODE_OPTIONS']), stdio = 'pipe' }: Starting = {}
) {
  const [program = '', ...first] = command
  const child = spawn(program, [...first, ...args], { cwd: root, env: { ...QUIET, ...variables }, stdio })
  const output = { out: '', err: '' }
  let look = () => {}
  child.stdout?.on('data', (text) => { output.out += text; look() })
  child.stderr?.on('data', (text) => { output.err += text; look() })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => { resolve(code); look() }))
  t.teardown(() => { child.kill('SIGKILL') })
  const until = (pattern: RegExp) => new Promise<RegExpExecArray>((resolve, reject) => {
    look = () => {
      const found = pattern.exec(output.out) ?? pattern.exec(output.err)
      if (found) resolve(found)
      else if (child.exitCode !== null) reject(new Error(`ended with ${child.exitCode}: ${output.err}`))
    }
    look()
  })
  return { child, output, ended, until }
}

/** `NODE_OPTIONS` of a process that runs this first. */
export function preloaded (code: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(code)}`
}

export interface HangingUpload {
  /** Where the gateway listens. */
  readonly base: string
  /** Wrapped, so that it is not awaited. */
  readonly answer: Promise<Response>
  /** Sends the end of the body. */
  readonly end: () => void
}

/** Waits for the gateway to serve, then sends it a body that does not end before `end`. */
export async function hangingUpload (
  { until }: Pick<ReturnType<typeof run>, 'until'>,
  headers: Record<string, string> = {}
): Promise<HangingUpload> {
  const [, base = ''] = await until(/answers at (http\S+),/)
  let arrived = () => {}
  let end = () => {}
  const pulled = new Promise<void>((resolve) => { arrived = resolve })
  const answer = fetch(`${base}/upload?public_id=late&resource_type=raw`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    // Asked for a second piece, the body has had its first one taken: the request is on its way.
    body: new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.alloc(1024))
        end = () => { controller.close() }
      },
      pull: () => { arrived() }
    }, { highWaterMark: 1 }),
    duplex: 'half'
  })
  answer.catch(() => {})
  await pulled
  // Answered on another connection, so the process has had its turn at the first one.
  await fetch(`${base}/healthz`)
  return { base, answer, end }
}

/**
 * Sends the signal until the process ends. Within a second of the first signal, others repeat it; whoever insists is
 * heard after that.
 */
export async function insist (
  { child, ended }: Pick<ReturnType<typeof run>, 'child' | 'ended'>, signal: NodeJS.Signals
): Promise<number | null> {
  const insisting = setInterval(() => { child.kill(signal) }, 200)
  try {
    child.kill(signal)
    return await ended
  } finally {
    clearInterval(insisting)
  }
}

/** Waits until nothing takes new connections at `base` any more. */
export async function doorClosed (base: string): Promise<void> {
  const { hostname, port } = new URL(base)
  const isOpen = (): Promise<boolean> => new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => { resolve(false) })
  })
  while (await isOpen()) await sleep(20)
}

/** Makes the gateway log more than a pipe or terminal holds, and more than may wait for it. */
export async function logMuch (base: string): Promise<void> {
  const { host, hostname, port } = new URL(base)
  const request = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: ${'x'.repeat(64)}\r\n`
  const socket = connect(Number(port), hostname)
  socket.write(`${request}\r\n`.repeat(6000))
  socket.write(`${request}Connection: close\r\n\r\n`)
  const answered = (await textOf(socket)).match(/HTTP\/1\.1 200/g)?.length
  if (answered !== 6001) throw new Error(`${answered} answers to 6001 requests`)
}
