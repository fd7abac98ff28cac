/** The README's table of variables, made from the schema that reads them. Run by itself it writes the table into the README. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIABLES } from '../../src/config/variables.ts'

const README = join(import.meta.dirname, '../../README.md')
const MARKED = /(<!-- variables -->\n)[^]*?(<!-- \/variables -->)/

/** README text with a fresh table between its markers. */
export function withVariables (readme: string): string {
  const rows = VARIABLES.map(({ name, default: preset, meaning }) => `| \`${name}\` | ${preset} | ${meaning} |`)
  return readme.replace(MARKED, (_all, begin: string, end: string) => `${begin}| variable | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n${end}`)
}

if (process.argv[1] === import.meta.filename) writeFileSync(README, withVariables(readFileSync(README, 'utf8')))
