import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearestName } from '../input/nearest-name.ts'

/** A command line that cannot be understood; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export type OptionTable = NonNullable<ParseArgsConfig['options']>

interface Token { readonly kind: string, readonly name?: string }

/** @throws {UsageError} for an option that was given before: only the last would count. */
function checkOnce (tokens: readonly Token[], options: OptionTable): void {
  const seen = new Set<string>()
  for (const { kind, name } of tokens) {
    if (kind !== 'option' || name === undefined || options[name]?.multiple === true) continue
    if (seen.has(name)) throw new UsageError(`--${name} is given twice`)
    seen.add(name)
  }
}

type Parsed<Options extends OptionTable> =
  ReturnType<typeof parseArgs<{ options: Options, allowPositionals: true }>>

/** Ends a message about a misspelt word, or is empty when no known one is near. `mark` stands before options. */
export function meant (given: string, known: readonly string[], mark = ''): string {
  const nearest = nearestName(given, known)
  return nearest === undefined ? '' : `; did you mean '${mark}${nearest}'?`
}

/**
 * Reads options and words. With `allowNegative` a switch `--x` may be given as `--no-x`, too.
 * @throws {UsageError} for an unknown option, with the nearest known one, and for one that is given twice.
 */
export function parseOptions<Options extends OptionTable> (
  args: readonly string[], options: Options, { allowNegative = false } = {}
): Parsed<Options> {
  try {
    const { tokens, ...parsed } = parseArgs({
      args: [...args], options, allowPositionals: true, allowNegative, tokens: true
    })
    checkOnce(tokens, options)
    return parsed as Parsed<Options> // TypeScript cannot see that a table decides nothing about tokens
  } catch (error) {
    if (error instanceof UsageError) throw error
    // Node's message names the option; what follows the first sentence is advice about positionals.
    const message = (error as Error).message.replace(/\. .*$/s, '') // parseArgs throws nothing but errors
    const [, unknown] = /^Unknown option '--([^']+)'/.exec(message) ?? []
    throw new UsageError(
      unknown === undefined ? message : `${message}${meant(unknown, Object.keys(options), '--')}`
    )
  }
}

/** @throws {UsageError} when the text is no whole number from 0 to `most`. */
export function wholeNumber (option: string, text: string, most: number): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > most) {
    throw new UsageError(`${option} must be a whole number from 0 to ${most}`)
  }
  return Number(text)
}
