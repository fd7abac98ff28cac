import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { peakBytes } from '../bench/process-stats.ts'
import { sendFile, type Kind } from '../support/burst.ts'
import { bareNode, productArguments } from '../support/product.ts'
import { startSinkProcess } from '../support/sink-process.ts'
import { startFlags } from '../support/start-flags.ts'
import { ROOT } from './child.ts'
import type { Drill } from './run.ts'

const MIB = 1024 ** 2
const LIMITS_MIB = [192, 256, 512, 1024]
const FILE_BYTES = 60e6
/** V8 gives itself a quarter of the memory of its container. */
const HEAP_PART = 1 / 4

interface Sized { readonly buffer: string, readonly uploads: number, readonly chunk: string }

/** Starts the gateway with the flags of `npm start`, as in a container of that size. */
async function start (limitMib: number, upstream: string): Promise<{ child: ChildProcess, url: string, sized: Sized }> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } } // our own
  const flags = [...startFlags(scripts.start), `--max-old-space-size=${limitMib * HEAP_PART}`]
  const [program, ...args] = bareNode([...flags, ...productArguments('src/server.ts')])
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      MEMORY_LIMIT: `${limitMib}MiB`,
      CLOUDINARY_URL: `cloudinary://1234:abcd@demo?upload_prefix=${upstream}`
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let log = ''
  for (;;) {
    const [text] = await once(child.stdout, 'data') as [Buffer]
    log += text.toString()
    const [, url] = /Server listening at (http[^"]+)"/.exec(log) ?? []
    const [, buffer = '', uploads = '', chunk = ''] =
      /"upload_buffer":"(\w+)","uploads_at_once":(\d+),"upload_chunk":"(\w+)"/.exec(log) ?? []
    if (url !== undefined) return { child, url, sized: { buffer, uploads: Number(uploads), chunk } }
  }
}

/** Sends as many files of unknown size as may run, and two more; returns the row of the table. */
async function row (limitMib: number, upstream: string): Promise<string> {
  const { child, url, sized } = await start(limitMib, upstream)
  try {
    const kinds: Kind[] = Array.from({ length: sized.uploads + 2 }, (_, index) => index % 2 === 0 ? 'unknown' : 'form')
    const outcomes = await Promise.all(kinds.map(async (kind) => sendFile(url, kind, FILE_BYTES)))
    const stored = outcomes.filter(({ status }) => status === 200).length
    const refused = outcomes.filter(({ status, retryAfter }) => status === 503 && retryAfter !== undefined).length
    const peak = child.pid === undefined ? Infinity : peakBytes(child.pid)
    if (stored + refused < outcomes.length) throw new Error(`${outcomes.length - stored - refused} uploads failed`)
    if (peak >= limitMib * MIB) throw new Error(`${Math.round(peak / MIB)} MiB of ${limitMib}`)
    const { uploads, buffer, chunk } = sized
    return `| ${limitMib} MiB | ${uploads} | ${buffer} | ${chunk} | ${stored} stored, ${refused} refused | ${Math.round(peak / MIB)} MiB |`
  } finally {
    child.kill('SIGKILL')
  }
}

/** The table of docs/deployment.md. */
export const memory: Drill = {
  about: `how many uploads a memory limit carries: ${LIMITS_MIB.join(', ')} MiB, or those asked for (memory 384)`,
  run: async (asked) => {
    const endings: Array<() => void> = []
    const sink = await startSinkProcess({ teardown: (end) => { endings.push(end) } })
    console.log('| limit | uploads at once | memory for chunks | chunk | 60 MB each | at most |\n|---|---|---|---|---|---|')
    try {
      for (const limit of asked.length > 0 ? asked.map(Number) : LIMITS_MIB) console.log(await row(limit, sink.url))
    } finally {
      for (const end of endings) end()
    }
  }
}
