import { createInterface } from 'node:readline/promises'
import { GatewayUnreachable } from '../../api/index.ts'
import { EXIT } from '../terminal.ts'
import { UsageError } from '../usage.ts'
import { failureOf, printable, printLine, type GatewayCall, type CallContext } from './call.ts'
import { givenFields, KIND, optionsFor } from './fields.ts'

const OWN = { ...KIND, invalidate: 'switch' } as const

/** Asks the person at the terminal. The end of the input is a no. */
async function isConfirmed ({ terminal, words, signal }: CallContext): Promise<boolean> {
  const input = terminal.person()
  if (input === undefined) {
    throw new UsageError('Without a terminal nobody can confirm this: give --yes to delete')
  }
  const [first = ''] = words
  terminal.err(`Delete ${words.length === 1 ? printable(first) : `${words.length} assets`}? [y/N] `)
  const lines = createInterface({ input })
  const stop = (): void => { lines.close() }
  signal.addEventListener('abort', stop)
  try {
    const { value: line } = await lines[Symbol.asyncIterator]().next()
    signal.throwIfAborted()
    return /^\s*y(?:es)?\s*$/i.test(String(line))
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
    input.unref()
  }
}

/** Deletes one asset, and says so. True when it is gone. */
async function deleted (context: CallContext, id: string): Promise<boolean> {
  const { gateway, values, signal, terminal, json } = context
  try {
    const answer = await gateway.delete(id, givenFields(values, OWN), { signal })
    if (json) printLine(context, { status: 'deleted', ...answer })
    else terminal.out(`deleted  ${printable(id)}\n`)
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof GatewayUnreachable) throw error
    const failure = failureOf(error)
    if (json) printLine(context, { status: 'failed', public_id: id, ...failure })
    else terminal.err(`failed   ${printable(id)}: ${printable(failure.message)}\n`)
    return false
  }
}

/** Deletes assets, after a person has confirmed it. */
export const deleteAssets: GatewayCall = {
  usage: 'PUBLIC_ID...',
  help: `Options
  -y, --yes                  Do not ask; without a terminal nothing is deleted unless this is given
  --resource-type <kind>     image (default), video, raw, or auto, which tries them all
  --type <type>              upload (default), private or authenticated
  --invalidate               Purge copies in the CDN, too
  -f, --field <name=value>   Any other field of DELETE /resources/{public_id}
  --dry-run                  Print what would be deleted, and delete nothing

Examples
  cloudinary-gateway delete cats/tom
  cloudinary-gateway delete cats/tom cats/felix --yes --invalidate
`,
  options: { ...optionsFor(OWN), yes: { type: 'boolean', short: 'y' }, 'dry-run': { type: 'boolean' } },
  async run (context) {
    const { words, values, terminal, json } = context
    if (words.length === 0) throw new UsageError('PUBLIC_ID is missing')
    if (values['dry-run']) {
      for (const id of words) {
        if (json) printLine(context, { status: 'planned', public_id: id })
        else terminal.out(`would delete  ${printable(id)}\n`)
      }
      return EXIT.done
    }
    if (!values['yes'] && !await isConfirmed(context)) {
      terminal.err('Nothing was deleted.\n')
      return EXIT.failed
    }
    let failures = 0
    for (const id of words) if (!await deleted(context, id)) failures++
    return failures > 0 ? EXIT.failed : EXIT.done
  }
}
