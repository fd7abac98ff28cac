/** One bad variable. The reason never repeats the value: values are secrets. */
export interface ConfigFault {
  readonly name: string
  readonly reason: string
}

/** Thrown once, with every bad variable, each on a line of its own. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly ConfigFault[]

  constructor (faults: readonly ConfigFault[]) {
    super(['The configuration is not valid.', ...faults.map(({ name, reason }) => `  ${name} ${reason}`)].join('\n'))
    this.faults = faults
  }
}
