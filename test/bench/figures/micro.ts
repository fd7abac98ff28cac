import { join } from 'node:path'
import type { Bench, Figure, Target } from '../figure.ts'
import type { MicroReport } from '../micro-measure.ts'
import { Helper } from '../servers.ts'
import { ratios, spreadOf } from '../spread.ts'

const COMPARED: ReadonlyArray<readonly [theirs: keyof MicroReport, ours: keyof MicroReport, what: string, target: Target]> = [
  ['sdkSignSix', 'signSix', 'signature of 6 parameters: official SDK / ours', { atLeast: 2.5 }],
  ['sdkSignTwenty', 'signTwenty', 'signature of 20 parameters: official SDK / ours', { atLeast: 2.5 }],
  ['sdkUrl', 'url', 'URL with two steps: official SDK / ours', { atLeast: 8 }],
  ['sdkSignedUrl', 'signedUrl', 'signed URL: official SDK / ours', { atLeast: 8 }],
  ['genUrl', 'url', 'URL with two steps: @cloudinary/url-gen / ours', { atLeast: 1 }]
]

async function run (bench: Bench): Promise<void> {
  const helper = Helper.start(join(import.meta.dirname, '../micro-measure.ts'))
  try {
    const report = await helper.ask<MicroReport>({ dist: bench.dist, rounds: bench.options.rounds })
    const micros = (name: keyof MicroReport): string => (spreadOf(report[name]).median / 1000).toFixed(2)
    for (const [theirs, ours, what, target] of COMPARED) {
      bench.row({ what, value: ratios(report[theirs], report[ours]), unit: '', target, detail: `${micros(theirs)} / ${micros(ours)} us a call` })
    }
  } finally {
    await helper.stop()
  }
}

export const micro: Figure = { name: 'micro', title: 'signing and URL building, a call of each', run }
