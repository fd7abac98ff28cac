/** The table of variables, made from the schema that reads them. Run by itself it writes the table into its page. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIABLES } from '../../src/config/variables.ts'

export const SETTINGS_PAGE = join(import.meta.dirname, '../../docs/configuration.md')
const MARKED = /(<!-- variables -->\n)[^]*?(<!-- \/variables -->)/

/** Text of the page with a fresh table between its markers. */
export function withVariables (page: string): string {
  const rows = VARIABLES.map(({ name, default: preset, meaning }) => `| \`${name}\` | ${preset} | ${meaning} |`)
  return page.replace(
    MARKED,
    (
      _all, begin: string, end: string
    ) => `${begin}| variable | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n${end}`
  )
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(SETTINGS_PAGE, withVariables(readFileSync(SETTINGS_PAGE, 'utf8')))
}
