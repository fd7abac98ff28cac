import { hasNginx, startNginx } from '../baselines/nginx.ts'
import { startExpress } from '../baselines/express.ts'
import { startFastifyUpload, startNodePipe } from '../baselines/node.ts'
import type { Bench, Figure, Row, Target } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import { cpuSeconds } from '../process-stats.ts'
import type { RunningServer } from '../servers.ts'
import { inRounds, ratios, spreadOf, type Contestant } from '../spread.ts'
import { startSink, type Sink } from '../start-sink.ts'
import { upload, type Form } from '../uploading.ts'

const GIB = 1024 ** 3
/** Any file of the bench in one request. */
export const STREAMED = { UPLOAD_SINGLE_MAX_BYTES: String(64 * GIB), UPLOAD_MAX_BYTES: String(64 * GIB) }
/** Any file in chunks of the default size. */
export const CHUNKED = { UPLOAD_SINGLE_MAX_BYTES: '1', UPLOAD_MAX_BYTES: String(64 * GIB) }

interface Way { readonly server: RunningServer, readonly path: string, readonly form: Form }

function wayTo ({ server, path, form }: Way): { url: string, headers: Readonly<Record<string, string>>, form: Form } {
  return { url: `${server.url}${path}`, headers: WITH_KEY, form }
}

/** CPU-seconds per GiB of one upload. */
function cost (way: Way, bytes: number): Contestant {
  return async () => {
    const before = cpuSeconds(way.server.pid)
    await upload({ ...wayTo(way), bytes })
    return (cpuSeconds(way.server.pid) - before) / (bytes / GIB)
  }
}

/** Every way must deliver what it was given before its speed is worth anything. */
async function prove (name: string, way: Way, sink: Sink, bytes: number): Promise<void> {
  await sink.order({ hash: true })
  const md5 = await upload({ ...wayTo(way), bytes, hash: true })
  const seen = await sink.order({})
  if (seen.files !== 1 || seen.bytes !== bytes || seen.md5[0] !== md5) {
    throw new Error(`${name}: ${bytes} bytes (${md5}) were sent, ${seen.bytes} (${seen.md5.join()}) came`)
  }
}

async function ways (bench: Bench, sink: Sink): Promise<Record<string, Way>> {
  const started = async (server: Promise<RunningServer>): Promise<RunningServer> => {
    const { stop } = await server
    bench.onClose(stop)
    return server
  }
  const streamed = await started(startGateway(bench, sink.url, STREAMED))
  const chunked = await started(startGateway(bench, sink.url, CHUNKED))
  const disk = await started(startExpress(bench.folder, sink.url, 'disk'))
  const memory = await started(startExpress(bench.folder, sink.url, 'memory'))
  const fastify = await started(startFastifyUpload(bench.folder, sink.url))
  const pipe = await started(startNodePipe(bench.folder, sink.url))
  const nginx = hasNginx() ? await started(startNginx(bench.folder, sink.url)) : undefined
  if (!nginx) bench.leftOut('uploads beside nginx', 'there is no nginx here')
  const cloud = '/v1_1/demo/auto/upload'
  return {
    multipart: { server: streamed, path: '/upload', form: 'multipart' },
    raw: { server: streamed, path: '/upload', form: 'raw' },
    multipartChunks: { server: chunked, path: '/upload', form: 'multipart' },
    rawChunks: { server: chunked, path: '/upload', form: 'raw' },
    expressDisk: { server: disk, path: '/upload', form: 'multipart' },
    expressMemory: { server: memory, path: '/upload', form: 'multipart' },
    fastify: { server: fastify, path: '/upload', form: 'multipart' },
    pipe: { server: pipe, path: cloud, form: 'raw' },
    ...(nginx && {
      nginxMultipart: { server: nginx, path: cloud, form: 'multipart' } as const,
      nginxRaw: { server: nginx, path: cloud, form: 'raw' } as const
    })
  }
}

const TITLES: Readonly<Record<string, string>> = {
  multipart: 'multipart', raw: 'raw body', multipartChunks: 'multipart, sent on in chunks', rawChunks: 'raw body, sent on in chunks'
}

const COMPARED: ReadonlyArray<readonly [ours: string, theirs: string, name: string, target?: Target]> = [
  ['multipart', 'nginxMultipart', 'nginx', { atMost: 1.35 }],
  ['raw', 'nginxRaw', 'nginx', { atMost: 1.15 }],
  ['multipartChunks', 'nginxMultipart', 'nginx'],
  ['rawChunks', 'nginxRaw', 'nginx'],
  ['raw', 'pipe', 'node:http piped into node:http', { atMost: 1.25 }],
  ['multipart', 'fastify', 'Fastify + @fastify/multipart + SDK', { atMost: 1 }],
  ['multipart', 'expressDisk', 'Express + multer (disk) + SDK', { atMost: 0.25 }],
  // No target: who holds the whole file in memory copies less than any proxy does. The figure `memory` shows the price.
  ['multipart', 'expressMemory', 'Express + multer (memory) + SDK']
]

async function run (bench: Bench): Promise<void> {
  const { rounds, fileBytes } = bench.options
  const sink = await startSink(bench)
  const all = await ways(bench, sink)
  for (const [name, way] of Object.entries(all)) await prove(name, way, sink, Math.min(fileBytes, GIB))
  const values = await inRounds(rounds, Object.fromEntries(Object.entries(all).map(([name, way]) => [name, cost(way, fileBytes)])))
  for (const [ours, theirs, name, target] of COMPARED) {
    const [own, other] = [values[ours], values[theirs]]
    if (!own || !other) continue
    const row: Row = {
      what: `${TITLES[ours]} / ${name}`,
      value: ratios(own, other),
      unit: '',
      detail: `${spreadOf(own).median.toFixed(2)} / ${spreadOf(other).median.toFixed(2)} CPU-s per GiB`
    }
    bench.row(target ? { ...row, target } : row)
  }
}

export const uploads: Figure = { name: 'uploads', title: 'CPU-seconds per GiB of one upload', run }
