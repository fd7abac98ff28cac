import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'

export interface Instruction {
  readonly name: string
  readonly text: string
  /** `--from=build` and its like, by name. */
  readonly flags: Readonly<Record<string, string>>
}

export interface Stage {
  readonly name: string
  readonly base: string
  readonly instructions: readonly Instruction[]
}

function instructionOf (line: string): Instruction {
  const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? []
  const flags: Record<string, string> = {}
  const text = rest.replace(/^(?:--[\w-]+=\S+\s+)+/, (all) => {
    for (const [, flag = '', value = ''] of all.matchAll(/--([\w-]+)=(\S+)/g)) flags[flag] = value
    return ''
  })
  return { name: name.toUpperCase(), text: text.trim(), flags }
}

/** Reads a Dockerfile into its stages, comments and line continuations resolved. */
export function parseDockerfile (text: string): Stage[] {
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ').split('\n').filter((line) => line.trim() !== '')
  const stages: Array<Stage & { instructions: Instruction[] }> = []
  for (const instruction of lines.map(instructionOf)) {
    if (instruction.name === 'FROM') {
      const [base = '', , name = String(stages.length)] = instruction.text.split(/\s+/)
      stages.push({ name, base, instructions: [] })
    } else {
      const stage = stages.at(-1)
      if (stage === undefined) throw new Error(`${instruction.name} before FROM`)
      stage.instructions.push(instruction)
    }
  }
  return stages
}

/** `ENV A=1 B="two words"` as a record. */
export function pairs (text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, bare]) => [name, quoted ?? bare ?? '']))
}

/** What `.dockerignore` lets through, for a file of the form "all but". */
export function allowedByIgnoreFile (text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  if (lines[0] !== '*') throw new Error('.dockerignore is expected to begin with *')
  return lines.slice(1).map((line) => line.replace(/^!/, ''))
}

export interface Built {
  /** Where the last stage's `/` lies. */
  readonly root: string
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Does what a builder would do, without one: each stage's COPY and RUN in a folder of its own below `folder`.
 * The base images are not there, so that a RUN finds the programs of this machine; one that names an absolute path is refused.
 */
export function runDockerfile (context: string, folder: string, log: (line: string) => void = () => {}): Built {
  const allowed = allowedByIgnoreFile(readFileSync(join(context, '.dockerignore'), 'utf8'))
  const roots = new Map<string, string>()
  let built: Built = { root: folder, environment: {} }
  for (const stage of parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'))) {
    const root = join(folder, stage.name)
    let workdir = '/'
    let environment: Record<string, string> = {}
    const steps: Record<string, (instruction: Instruction) => void> = {
      WORKDIR: ({ text }) => { workdir = text },
      ENV: ({ text }) => { environment = { ...environment, ...pairs(text) } },
      COPY: ({ text, flags }) => { copy(text, flags['from']) },
      RUN: ({ text }) => {
        if (/(?:^|\s)\//.test(text)) throw new Error(`RUN names an absolute path: ${text}`)
        execFileSync('sh', ['-c', text], { cwd: join(root, workdir), env: { ...process.env, ...environment }, stdio: ['ignore', 'inherit', 'inherit'] })
      }
    }
    const copy = (text: string, from: string | undefined): void => {
      const sources = text.split(/\s+/)
      const target = sources.pop() ?? ''
      for (const source of sources) {
        if (from === undefined && !allowed.includes(source)) throw new Error(`${source} is kept back by .dockerignore`)
        const origin = from === undefined ? context : roots.get(from)
        if (origin === undefined) throw new Error(`COPY from ${from}, which is no earlier stage`)
        // A target that ends in a slash is a folder to put things into; anything else is the new name.
        const destination = join(root, posix.resolve(workdir, target), target.endsWith('/') ? basename(source) : '')
        cpSync(join(origin, source), destination, { recursive: true })
      }
    }
    for (const instruction of stage.instructions) {
      log(`${stage.name}: ${instruction.name} ${instruction.text}`)
      mkdirSync(join(root, workdir), { recursive: true })
      steps[instruction.name]?.(instruction)
    }
    roots.set(stage.name, root)
    built = { root, environment }
  }
  if (!existsSync(built.root)) throw new Error('The Dockerfile has no stage')
  return built
}
