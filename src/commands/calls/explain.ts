import type { ExplainQuestion } from '../../api/index.ts'
import { UsageError } from '../usage.ts'
import { noWords, printable, printLine, type GatewayCall, type OptionValues } from './call.ts'
import { pairsOf } from './fields.ts'

/** The values stay text: a signature covers nothing else. */
function questionOf ({ field, signature, error }: OptionValues): ExplainQuestion {
  if (field === undefined && error === undefined) {
    throw new UsageError('Give the fields that were sent with --field, or the --error that came back')
  }
  return {
    ...field !== undefined && { fields: pairsOf('field', field) },
    ...signature !== undefined && { signature: String(signature) },
    ...error !== undefined && { error: String(error) }
  }
}

/** Tells why a signature was refused. */
export const explain: GatewayCall = {
  usage: '',
  help: `Options
  -f, --field <name=value>   A field of the form, as it was sent; repeat it for each
  --signature <hex>          The signature, unless it is among the fields
  --error <text>             Cloudinary's answer, in place of both

Examples
  cloudinary-gateway explain -f folder=users/2 -f timestamp=1700000000 --signature 0123456789abcdef0123456789abcdef01234567
  cloudinary-gateway explain --error "Invalid Signature 0123. String to sign - 'folder=a&timestamp=1700000000'."
`,
  options: {
    field: { type: 'string', short: 'f', multiple: true },
    signature: { type: 'string' },
    error: { type: 'string' }
  },
  async run (context) {
    noWords(context)
    const { gateway, values, signal, terminal, json } = context
    const answer = await gateway.explain(questionOf(values), { signal })
    if (json) printLine(context, answer)
    else {
      const verdict = `The signature ${answer.fits ? 'fits' : 'does not fit'} these fields.`
      const findings = answer.findings.map(({ pointer, message }) =>
        pointer === undefined ? message : `${pointer}: ${message}`)
      terminal.out([verdict, ...findings].map((line) => `${printable(line)}\n`).join(''))
    }
    return 0
  }
}
