/**
 * The bench: what the compiled gateway costs, each figure as a ratio to what one would use instead, measured in turns
 * in the same run. CPU-seconds and memory of the server's own processes count, not wall time, so that a busy machine
 * blurs the figures and does not turn them. Everything listens on 127.0.0.1; nothing is left behind.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeEnvironment, isBusy } from './environment.ts'
import { meets, type Bench, type Figure, type Row } from './figure.ts'
import { manyUploads } from './figures/many-uploads.ts'
import { memory } from './figures/memory.ts'
import { micro } from './figures/micro.ts'
import { proxiedGet } from './figures/proxied-get.ts'
import { signing } from './figures/signing.ts'
import { timing } from './figures/timing.ts'
import { uploads } from './figures/uploads.ts'
import { readOptions, USAGE, type Options } from './options.ts'
import { pinBench } from './pinning.ts'

const FIGURES: readonly Figure[] = [uploads, memory, manyUploads, signing, proxiedGet, micro, timing]
const root = join(import.meta.dirname, '../..')

function print (text: string): void { process.stdout.write(`${text}\n`) }

function digits (value: number): string { return value >= 100 ? value.toFixed(0) : value.toFixed(2) }

function lineOf ({ what, value, unit, target, detail }: Row): string {
  const suffix = unit === '' ? '' : ` ${unit}`
  const range = value.min === value.max ? '' : ` [${digits(value.min)} .. ${digits(value.max)}]`
  const wanted = target && ('atMost' in target ? `<= ${digits(target.atMost)}` : `>= ${digits(target.atLeast)}`)
  const verdict = target === undefined ? '' : `  ${meets(value.median, target) ? 'met' : 'MISSED'} (${wanted}${suffix})`
  return `  ${what.padEnd(52)} ${digits(value.median)}${suffix}${range}${verdict}\n  ${' '.repeat(52)} ${detail}`
}

function build (): string {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the gateway does not build')
  return join(root, 'dist')
}

/** Runs one figure and ends whatever it started, however it ends. @returns how many targets it missed. */
async function runFigure (figure: Figure, options: Options, dist: string): Promise<number> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gateway-bench-'))
  const closers: Array<() => Promise<unknown>> = []
  let missed = 0
  const bench: Bench = {
    options,
    folder,
    dist,
    row: (row) => {
      if (row.target && !meets(row.value.median, row.target)) missed++
      print(lineOf(row))
    },
    leftOut: (what, reason) => print(`  left out: ${what}: ${reason}`),
    onClose: (close) => { closers.push(close) }
  }
  print(`\n${figure.name}: ${figure.title}`)
  try {
    await figure.run(bench)
  } finally {
    for (const close of closers.toReversed()) await close()
    rmSync(folder, { recursive: true, force: true })
  }
  return missed
}

async function main (): Promise<void> {
  const options = readOptions(process.argv.slice(2), FIGURES.map(({ name }) => name))
  if (options === undefined) return print(`${USAGE}\nFigures: ${FIGURES.map(({ name }) => name).join(', ')}`)
  const dist = build()
  pinBench()
  print(describeEnvironment(options))
  if (isBusy()) print('The machine is busy: what follows is less exact than it looks.')
  let missed = 0
  const chosen = FIGURES.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  for (const figure of chosen) missed += await runFigure(figure, options, dist)
  print(`\nload at the end ${loadavg().map((load) => load.toFixed(2)).join(' ')}; ${missed === 0 ? 'every target is met' : `${missed} targets are missed`}`)
  if (missed > 0) process.exitCode = 1
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 2
})
