import { hasNginx, startNginx } from '../baselines/nginx.ts'
import { startExpress } from '../baselines/express.ts'
import type { Bench, Figure } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import { apply } from '../load.ts'
import type { RunningServer } from '../servers.ts'
import { inRounds, ratios, spreadOf, type Contestant } from '../spread.ts'
import { startSink } from '../start-sink.ts'

const ANSWER_BYTES = 2048

async function run (bench: Bench): Promise<void> {
  const { rounds, seconds } = bench.options
  const sink = await startSink(bench)
  await sink.order({ answerBytes: ANSWER_BYTES })
  const contestants: Record<string, Contestant> = {}
  const add = async (name: string, starting: Promise<RunningServer>, path: string): Promise<void> => {
    const server = await starting
    bench.onClose(server.stop)
    const load = { method: 'GET', path, headers: WITH_KEY } as const
    await apply(server, load, 2)
    contestants[name] = async () => (await apply(server, load, seconds)).cpuMicros
  }
  await add('ours', startGateway(bench, sink.url), '/resources')
  await add('express', startExpress(bench.folder, sink.url, 'disk'), '/resources')
  if (hasNginx()) await add('nginx', startNginx(bench.folder, sink.url), '/v1_1/demo/resources/image/upload')
  else bench.leftOut('a proxied GET beside nginx', 'there is no nginx here')
  const { ours = [], express = [], nginx } = await inRounds(rounds, contestants)
  const median = (list: readonly number[]): string => spreadOf(list).median.toFixed(0)
  bench.row({
    what: 'ours / Express + SDK',
    value: ratios(ours, express),
    unit: '',
    target: { atMost: 0.28 },
    detail: `${median(ours)} / ${median(express)} us of CPU per request`
  })
  if (!nginx) return
  bench.row({
    what: 'ours / nginx',
    value: ratios(ours, nginx),
    unit: '',
    target: { atMost: 3.5 },
    detail: `${median(ours)} / ${median(nginx)} us of CPU per request`
  })
}

export const proxiedGet: Figure = { name: 'proxied-get', title: 'GET /resources, an answer of 2 KB: CPU per request', run }
