/** SHA-256 digest of a caller's key, never the key. A caller may have several: that is how keys are rotated. */
export interface CallerKey {
  readonly caller: string
  readonly digest: Buffer
}

/** At most `requests` in any `perSeconds`. */
export interface Rate {
  readonly requests: number
  readonly perSeconds: number
}
