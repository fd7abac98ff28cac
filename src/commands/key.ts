import { createHash, randomBytes } from 'node:crypto'
import { EXIT, type Command } from './terminal.ts'

/** Makes a key of 256 random bits. The prefix lets scanners of leaked secrets know it. */
export function makeKey (random: (size: number) => Buffer = randomBytes): string {
  return `cgw_${random(32).toString('base64url')}`
}

/** Prints a new key, which is kept nowhere, and the entry that lets its bearer in. */
export const key: Command<{ name: string }> = async (terminal, { name }) => {
  const made = makeKey()
  const digest = createHash('sha256').update(made).digest('hex')
  terminal.err('The key, for the caller; it is shown only now:\n')
  terminal.out(`${made}\n`)
  terminal.err('Its entry for GATEWAY_KEYS:\n')
  terminal.out(`${name}=sha256:${digest}\n`)
  return EXIT.done
}
