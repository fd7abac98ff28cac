import { onlyWord, printValue, type GatewayCall } from './call.ts'
import { givenFields, KIND, optionsFor } from './fields.ts'

const OWN = {
  ...KIND, colors: 'switch', faces: 'switch', 'media-metadata': 'switch', diagnose: 'switch'
} as const

/** Prints what is known of one asset. */
export const get: GatewayCall = {
  usage: 'PUBLIC_ID',
  help: `Options
  --resource-type <kind>     image (default), video, raw, or auto, which tries them all
  --type <type>              upload (default), private or authenticated
  --colors, --faces, --media-metadata
                             Include these
  --diagnose                 When it is absent, look under every kind and type, an Admin API call each
  -f, --field <name=value>   Any other field of GET /resources/{public_id}

Examples
  cloudinary-gateway get sample
  cloudinary-gateway get sample --resource-type auto --colors
  cloudinary-gateway get sample --json | jq -r .secure_url
`,
  options: optionsFor(OWN),
  async run (context) {
    const { gateway, values, signal } = context
    const asset = await gateway.get(onlyWord(context, 'PUBLIC_ID'), givenFields(values, OWN), { signal })
    printValue(context, asset)
    return 0
  }
}
