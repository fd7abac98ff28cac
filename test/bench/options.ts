import { parseArgs } from 'node:util'

const MIB = 1024 ** 2

export interface Options {
  readonly quick: boolean
  /** Names of figures; all when empty. */
  readonly only: readonly string[]
  /** How many times each thing is measured. */
  readonly rounds: number
  /** Size of one uploaded file. */
  readonly fileBytes: number
  /** Seconds that one measurement of a rate takes. */
  readonly seconds: number
  /** Flags of Node that the gateway is started with. */
  readonly nodeFlags: readonly string[]
}

export const USAGE = `npm run bench -- [options]

  --quick           small sizes, three rounds: about three minutes
  --only <names>    figures to run, separated by commas
  --rounds <n>      rounds per figure (7; 3 with --quick)
  --size <MiB>      size of an uploaded file (1024; 256 with --quick)
  --seconds <n>     length of one measurement of a rate (5; 2 with --quick)
  --node-flags <f>  flags of Node for the gateway, separated by blanks
  --help
`

function positive (name: string, text: string | undefined, preset: number, max: number): number {
  const value = text === undefined ? preset : Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max) throw new Error(`--${name} must be a whole number from 1 to ${max}`)
  return value
}

/** Undefined when help is wanted. */
export function readOptions (args: string[], names: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      size: { type: 'string' },
      seconds: { type: 'string' },
      'node-flags': { type: 'string', default: '' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return undefined
  const { quick } = values
  const only = values.only.split(',').filter((name) => name !== '')
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`no such figure: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  return {
    quick,
    only,
    rounds: positive('rounds', values.rounds, quick ? 3 : 7, 99),
    fileBytes: positive('size', values.size, quick ? 256 : 1024, 65_536) * MIB,
    seconds: positive('seconds', values.seconds, quick ? 2 : 5, 600),
    nodeFlags: values['node-flags'].split(' ').filter((flag) => flag !== '')
  }
}
