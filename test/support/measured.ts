import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bareNode } from './product.ts'
import { WITH_TYPESCRIPT } from './with-typescript.ts'

/** Starts a fixture with flags of Node; it prints one number. V8 would complain of a flag that it does not know. */
export async function measured (fixture: string, flags: readonly string[]): Promise<number> {
  const file = join(import.meta.dirname, '../fixtures', fixture)
  const [program, ...args] = bareNode([...flags, ...WITH_TYPESCRIPT, file])
  const { stdout, stderr } = await promisify(execFile)(program, args)
  if (stderr !== '') throw new Error(stderr)
  return Number(stdout)
}
