/**
 * What callers write in place of what a field takes, and what its reader makes of it: `x/` for the folder
 * `x`, `.JPG` for the format `jpg`, `v12` for the version 12, `/c_fill/` for the transformation `c_fill`.
 */
export type Spelling = 'folder' | 'extension' | 'version' | 'transformation'

/**
 * What a blank field means where it does not count as absent: `refused`, where an unset variable must not
 * decide; or `clears`, where an empty value takes away what was there and `null` alone is absent.
 */
export type BlankRule = 'refused' | 'clears'

/** Symbols: neither the validator nor the OpenAPI document sees them. */
export const SPELLING: unique symbol = Symbol('spelling')
export const BLANK: unique symbol = Symbol('blank')

/** The same schema for a field whose other spellings are taken too. */
export function spelled<T extends object> (spelling: Spelling, schema: T): T {
  return { ...schema, [SPELLING]: spelling }
}

/** The same schema for a field that may not be left blank, or that a blank clears. */
export function blank<T extends object> (rule: BlankRule, schema: T): T {
  return { ...schema, [BLANK]: rule }
}
