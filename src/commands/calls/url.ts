import { UsageError } from '../usage.ts'
import { onlyWord, printValue, type GatewayCall } from './call.ts'
import { givenFields, KIND, namedFields, optionsFor, TRANSFORMATION } from './fields.ts'

const OWN = { ...KIND, format: 'text', version: 'number', secure: 'switch', 'sign-url': 'switch' } as const

/** Prints the delivery URL of an asset. */
export const url: GatewayCall = {
  usage: 'PUBLIC_ID',
  help: `Options
  --width, --height, --crop, --gravity, --aspect-ratio, --quality, --radius, --effect,
  --background, --fetch-format <value>
                             One transformation
  --transformation <text>    The same, or several, in Cloudinary's syntax: c_fill,w_300/e_sepia
  --format <extension>       Deliver this format
  --resource-type <kind>     image (default), video or raw
  --type <type>              upload (default), private or authenticated
  --version <number>         Version of the asset
  --no-secure                http, not https
  --sign-url                 Sign the URL
  -f, --field <name=value>   Any other field of POST /url

Examples
  cloudinary-gateway url sample --width 300 --height 200 --crop fill
  cloudinary-gateway url sample --transformation e_sepia/r_max --format png
  curl -o cat.jpg "$(cloudinary-gateway url sample --width 300)"
`,
  options: {
    ...optionsFor({ ...OWN, ...TRANSFORMATION }),
    transformation: { type: 'string' }
  },
  async run (context) {
    const { gateway, values, signal, terminal } = context
    const one = namedFields(values, TRANSFORMATION)
    const isGiven = Object.keys(one).length > 0
    const { transformation: text, ...fields } = givenFields(values, { ...OWN, transformation: 'text' })
    if (isGiven && text !== undefined) {
      throw new UsageError('--transformation takes the place of --width and its like: give one of them')
    }
    const transformation = isGiven ? one : text
    const asked: Record<string, unknown> = { ...fields, transformation }
    const answer = await gateway.url(onlyWord(context, 'PUBLIC_ID'), asked, { signal })
    if (values['json']) printValue(context, answer)
    else terminal.out(`${answer.url}\n`)
    return 0
  }
}
