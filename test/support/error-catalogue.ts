/**
 * The error catalogue in files: recorded examples and docs/errors.md. Run by itself (`npm run errors`) it provokes
 * every error and writes both.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ERRORS, GatewayError, type ErrorCode } from '../../src/errors.ts'
import { ERROR_EXPLANATIONS } from '../../src/plugins/docs/error-explanations.ts'
import { provokeErrors, type ProvokedError } from './provoked-errors.ts'

type Provoked = Readonly<Record<string, ProvokedError>>

const ROOT = join(import.meta.dirname, '../..')
export const EXAMPLES_FILE = join(ROOT, 'src/plugins/docs/error-examples.ts')
export const PAGE_FILE = join(ROOT, 'docs/errors.md')
const CODES = Object.keys(ERRORS) as ErrorCode[] // its own keys

/** Returns a string literal as the linter wants it. */
function literal (text: string): string {
  const body = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${body}'`
}

/** Returns the text of the file with all examples. */
export function examplesText (provoked: Provoked): string {
  const entries = CODES.map((code) => {
    const { when, request, answer } = provoked[code] ?? { when: '', request: '', answer: {} }
    const lines = Object.entries({ when, request, answer: JSON.stringify(answer) })
      .map(([name, text]) => `    ${name}: ${literal(text)}`)
    return `  ${code}: {\n${lines.join(',\n')}\n  }`
  })
  return `import type { ErrorCode } from '../../errors.ts'

/** A request and the answer that it got. \`when\` says what else must be the case; it may be empty. */
export interface ErrorExample {
  readonly when: string
  readonly request: string
  /** A problem document as JSON. What differs each time, such as \`request_id\`, is replaced. */
  readonly answer: string
}

/** An example of every code, recorded by \`npm run errors\`. A test provokes each of them and compares. */
export const ERROR_EXAMPLES: Readonly<Record<ErrorCode, ErrorExample>> = {
${entries.join(',\n')}
}
`
}

function sectionOf (code: ErrorCode, { when, request, answer }: ProvokedError): string {
  const { status, title, advice } = ERRORS[code]
  const { meaning, reasons } = ERROR_EXPLANATIONS[code]
  const retryable = new GatewayError(code, '').retryable ? ' The same request may succeed later.' : ''
  return `## ${code}

**${status} ${title}.** ${meaning}${retryable}

Why it happens:

${reasons.map((reason) => `- ${reason}`).join('\n')}

What to do: ${advice}

This request${when === '' ? '' : `, ${when},`}

\`\`\`http
${request}
\`\`\`

gets this answer:

\`\`\`json
${JSON.stringify(answer, null, 2)}
\`\`\`
`
}

/** Returns the text of docs/errors.md. */
export function pageText (provoked: Provoked): string {
  const rows = CODES.map(
    (code) => `| ${ERRORS[code].status} | [\`${code}\`](#${code}) | ${ERRORS[code].title} |`
  )
  const sections = CODES.flatMap((code) => provoked[code] ? [sectionOf(code, provoked[code])] : [])
  return `<!-- Written by \`npm run errors\`. -->
# Errors

Every failure is one \`application/problem+json\` with a stable \`code\`. A running gateway serves this catalogue at
\`/docs/errors\`, and the \`type\` of each problem leads to the page of its code.

| member | meaning |
|---|---|
| \`type\` | where the code is explained: \`/docs/errors/<code>\`, behind \`ROUTE_PREFIX\` |
| \`title\`, \`status\`, \`code\` | the kind of failure; \`code\` never changes its name |
| \`detail\` | what went wrong this time |
| \`advice\` | what to do about it |
| \`instance\`, \`request_id\` | the path of the request, and its name in the log |
| \`retryable\` | true when the same request may succeed later without a change |
| \`errors\` | the faults in the input, up to a hundred, each with a JSON pointer |
| \`upstream\` | what Cloudinary answered |

Some problems have members of their own: \`found_under\`, \`stored\`, \`look_for\`, \`share\`, and \`outcome\`, which is
\`unknown\` when a failed upload may have been stored.

| status | code | title |
|---|---|---|
${rows.join('\n')}

${sections.join('\n')}`
}

if (process.argv[1] === import.meta.filename) {
  const ends: Array<() => unknown> = []
  const folder = mkdtempSync(join(tmpdir(), 'errors-'))
  const provoked = await provokeErrors({ teardown: (end) => { ends.unshift(end) } }, folder)
  for (const end of ends) await end()
  rmSync(folder, { recursive: true })
  writeFileSync(EXAMPLES_FILE, examplesText(provoked))
  writeFileSync(PAGE_FILE, pageText(provoked))
}
