import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session, type Profiler } from 'node:inspector/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const DETAILED = { callCount: true, detailed: true }
const FOLDER = '.tap/coverage'
/** How tap tells a process, and the processes which that starts, whether and of which files to count coverage. */
const WANTED = '_TAPJS_PROCESSINFO_COVERAGE_'
const FILES = '_TAPJS_PROCESSINFO_COV_FILES_'

/**
 * Counts the coverage of several test files in one process, each of its own mirror alone. V8 begins to count anew after
 * each reading, so a reading after each file holds what that file ran. What tap itself reads at the end is the rest.
 */
export class CoverageByFile {
  readonly #session: Session | undefined
  #source: string | undefined

  private constructor (session: Session | undefined) {
    this.#session = session
  }

  /** `sources` are loaded first: what a module does when it is loaded is done once, whichever file happens to be first. */
  static async start (sources: readonly string[]): Promise<CoverageByFile> {
    if (process.env[WANTED] !== '1') return new CoverageByFile(undefined)
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', DETAILED)
    for (const source of sources) await import(source)
    const coverage = new CoverageByFile(session)
    await coverage.#write(sources)
    return coverage
  }

  /** The test of `source` begins; of none, when it is undefined. */
  async begin (source: string | undefined): Promise<void> {
    this.#source = source
    if (!this.#session) return
    // What V8 has inlined for the files before it does not count; this throws optimized code away.
    await this.#session.post('Profiler.startPreciseCoverage', DETAILED)
    process.env[WANTED] = source === undefined ? '0' : '1'
    process.env[FILES] = source ?? ''
  }

  async end (): Promise<void> {
    await this.#write(this.#source === undefined ? [] : [this.#source])
  }

  async #write (sources: readonly string[]): Promise<void> {
    if (!this.#session) return
    const urls = new Set(sources.map((source) => pathToFileURL(source).href))
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    const scripts = result.filter(({ url }) => urls.has(url))
    if (scripts.length > 0) writeCoverage(scripts)
  }
}

/** As tap writes it, to be read with the rest. */
function writeCoverage (result: Profiler.ScriptCoverage[]): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `${randomUUID()}.json`), JSON.stringify({ result }))
}
