import { onlyWord, printValue, type GatewayCall } from './call.ts'
import { givenFields, KIND, optionsFor } from './fields.ts'

const OWN = {
  ...KIND, format: 'text', 'expires-at': 'number', attachment: 'switch', 'target-filename': 'text'
} as const

/** Prints a download link that expires. */
export const signedUrl: GatewayCall = {
  usage: 'PUBLIC_ID',
  help: `Options
  --expires-at <seconds>     Unix time at which it expires; an hour from now when not given
  --attachment               Let browsers save the file, not show it
  --target-filename <name>   Name that it is saved under
  --format <extension>       Deliver this format
  --resource-type <kind>     image (default), video or raw
  --type <type>              private (default), authenticated or upload
  -f, --field <name=value>   Any other field of POST /signed-url

Examples
  cloudinary-gateway signed-url sample --type upload --attachment
  curl -o contract.pdf "$(cloudinary-gateway signed-url contracts/2024 --format pdf)"
`,
  options: optionsFor(OWN),
  async run (context) {
    const { gateway, values, signal, terminal } = context
    const id = onlyWord(context, 'PUBLIC_ID')
    const answer = await gateway.signedUrl(id, givenFields(values, OWN), { signal })
    if (values['json']) printValue(context, answer)
    else terminal.out(`${answer.url}\n`)
    return 0
  }
}
