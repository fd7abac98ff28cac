/**
 * Kind of field whose other spellings are understood: `x/` as the folder `x`, `.JPG` as the format `jpg`,
 * `v12` as the version 12, `/c_fill/` as the transformation `c_fill`.
 */
export type Spelling = 'folder' | 'extension' | 'version' | 'transformation'

/**
 * Meaning of a blank field that does not count as absent. `refused`: an unset variable must not decide.
 * `clears`: an empty value removes what was there, and only `null` counts as absent.
 */
export type BlankRule = 'refused' | 'clears'

/** Symbols, so that neither the validator nor the OpenAPI document sees them. */
export const SPELLING: unique symbol = Symbol('spelling')
export const BLANK: unique symbol = Symbol('blank')

/** Marks a field whose other spellings are understood. */
export function spelled<T extends object> (spelling: Spelling, schema: T): T {
  return { ...schema, [SPELLING]: spelling }
}

/** Marks a field that must not be blank, or that a blank value clears. */
export function blank<T extends object> (rule: BlankRule, schema: T): T {
  return { ...schema, [BLANK]: rule }
}

/** Keywords of a text that is a file extension, without its dot. `spelled` beside it takes `.JPG` too. */
export const EXTENSION = {
  'x-component': 'Extension',
  pattern: '^[a-z0-9]{1,8}$',
  'x-fault': 'must be a file extension such as "png"'
} as const
