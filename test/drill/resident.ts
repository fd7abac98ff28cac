import { createHash, randomBytes, randomInt } from 'node:crypto'
import { startSandbox } from '../../src/sandbox/index.ts'
import { residentBytes } from '../bench/process-stats.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import type { Drill } from './run.ts'

const USUAL_MINUTES = 10
const CALLERS = 8
const LARGEST_BYTES = 8_000_000
const SAMPLE_MS = 1_000
/** What the second half may need beyond the first: pages that the allocator keeps, not a leak of one file in a hundred. */
const MAY_GROW_BYTES = 48 * 1024 ** 2

interface Stored { readonly bytes: number, readonly etag: string, readonly public_id: string }

/** One file in; what is said to be stored is what was sent; the asset goes again, so that the sandbox does not fill up. */
async function oneUpload (url: string): Promise<void> {
  const file = randomBytes(randomInt(1, LARGEST_BYTES))
  const form = new FormData()
  form.append('resource_type', 'raw')
  form.append('file', new Blob([file]), 'soak.bin')
  const answer = await fetch(`${url}/upload`, { method: 'POST', body: form })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  const stored = await answer.json() as Stored // Cloudinary's answer to an upload
  if (stored.bytes !== file.length || stored.etag !== createHash('md5').update(file).digest('hex')) throw new Error('what is stored is not what was sent')
  const gone = await fetch(`${url}/resources/${encodeURIComponent(stored.public_id)}?resource_type=raw`, { method: 'DELETE' })
  if (gone.status !== 200) throw new Error(`${gone.status} ${await gone.text()}`)
}

const mib = (bytes: number): number => Math.round(bytes / 1024 ** 2)

/** The highest resident size of each half. */
function highest (samples: readonly number[]): readonly [first: number, second: number] {
  const half = Math.floor(samples.length / 2)
  return [Math.max(...samples.slice(0, half)), Math.max(...samples.slice(half))]
}

async function uploadFor (minutes: number, url: string, pid: number): Promise<void> {
  const until = Date.now() + minutes * 60_000
  const samples: number[] = []
  const sampling = setInterval(() => { samples.push(residentBytes(pid)) }, SAMPLE_MS)
  let uploads = 0
  try {
    await Promise.all(Array.from({ length: CALLERS }, async () => {
      for (; Date.now() < until; uploads++) await oneUpload(url)
    }))
  } finally {
    clearInterval(sampling)
  }
  const [first, second] = highest(samples)
  console.log(`${uploads} uploads; at most ${mib(first)} MiB in the first half, ${mib(second)} MiB in the second`)
  if (second - first > MAY_GROW_BYTES) throw new Error('memory grows')
}

/** The sandbox lives here, where it does not count; its assets are deleted as they come. */
export const resident: Drill = {
  about: `${CALLERS} callers upload and delete for ${USUAL_MINUTES} minutes, or as many as are asked for (resident 60): what is stored is what was sent, and resident memory stays bounded`,
  run: async ([minutes = String(USUAL_MINUTES)]) => {
    const sandbox = await startSandbox()
    const endings: Array<() => void> = []
    try {
      const { url, child } = await startGatewayProcess({ teardown: (end) => { endings.push(end) } }, { CLOUDINARY_URL: sandbox.cloudinaryUrl('demo') })
      if (child.pid === undefined) throw new Error('the gateway did not start')
      await uploadFor(Number(minutes), url, child.pid)
    } finally {
      for (const end of endings) end()
      await sandbox.close()
    }
  }
}
