import childProcess, { type ForkOptions } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { bareNode, productArguments } from './product.ts'

/*
 * Loaded before each test file. A sandbox that renders starts two processes, which would each load what the
 * test's own
 * process does: tap, the loader and the framework. These start them as they were built, for a fifth of the
 * CPU.
 */

const RENDERER = 'src/sandbox/render/child.ts'
const { fork } = childProcess

type Fork = (file: string | URL, ...rest: unknown[]) => ReturnType<typeof fork>

const forkQuickly: Fork = (file, ...rest) => {
  if (!String(file).endsWith(RENDERER)) return (fork as Fork)(file, ...rest)
  const args = productArguments(RENDERER)
  const entry = String(args.pop())
  const [execPath, ...execArgv] = bareNode(args)
  return fork(entry, { ...rest[0] as ForkOptions, execPath, execArgv }) // as the pool calls it
}

Object.assign(childProcess, { fork: forkQuickly })
syncBuiltinESMExports()
