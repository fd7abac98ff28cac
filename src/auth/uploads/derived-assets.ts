import type { Fault } from '../../errors.ts'
import type { Parameters } from '../policy/signing-rules.ts'
import { layerFault } from './layers.ts'

/** The transformations that a parameter holds, or why they cannot be told. */
type Reader = (value: string) => readonly string[] | string

/** Between pipes, each perhaps with a file extension as its last component. */
const eager: Reader = (value) => value.split('|').map((text) => text.replace(/(?:^|\/)[a-z0-9]{1,8}$/, '')).filter((text) => text !== '')

/** A list of settings as JSON. A member that stands twice is read in one way here and perhaps in another there. */
const breakpoints: Reader = (value) => {
  const fault = 'must be a list of settings as JSON.stringify writes it, with transformations as text'
  try {
    const settings = JSON.parse(value) as unknown // JSON.parse returns any
    if (!Array.isArray(settings) || JSON.stringify(settings) !== value) return fault
    const given = settings.map((one: { transformation?: unknown } | null) => one?.transformation).filter((text) => text !== undefined)
    return given.every((text) => typeof text === 'string') ? given : fault
  } catch {
    return fault
  }
}

/** Every upload parameter that has pictures made: they may show other assets. */
const READERS: ReadonlyArray<readonly [name: string, read: Reader]> = [
  ['transformation', (value) => [value]],
  ['eager', eager],
  ['responsive_breakpoints', breakpoints]
]

/** Why the pictures that an upload makes could show assets outside the folder, by parameter. */
export function derivedFaults (folder: string, parameters: Parameters): Fault[] {
  return READERS.flatMap(([name, read]) => {
    const value = parameters[name]
    if (value === undefined) return []
    const texts = read(value)
    const message = typeof texts === 'string' ? texts : texts.map((text) => layerFault(folder, text)).find((fault) => fault !== undefined)
    return message === undefined ? [] : [{ pointer: `/${name}`, message }]
  })
}
