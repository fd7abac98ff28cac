import { noWords, printValue, type GatewayCall } from './call.ts'
import { givenFields, optionsFor, UPLOAD } from './fields.ts'

const OWN = { ...UPLOAD, timestamp: 'number', moderation: 'text' } as const

/** Prints the signed fields of an upload. */
export const sign: GatewayCall = {
  usage: '',
  help: `Options
  --public-id, --folder, --asset-folder, --display-name <text>
  --tags <a,b>               Tags
  --context <name=value>     Context; repeat it for more
  --metadata <id=value>      Structured metadata; repeat it for more
  --moderation <kind>        Moderation, such as manual
  --preset <name>            Upload preset
  --timestamp <seconds>      Unix time; now when not given
  --resource-type <kind>     auto, image, video or raw
  --type <type>              upload (default), private or authenticated
  --overwrite, --use-filename, --unique-filename
                             The same as for upload; --no-overwrite and its like turn them off
  -f, --field <name=value>   Any other field of POST /signature

Examples
  cloudinary-gateway sign --folder users/1 --tags avatar
  cloudinary-gateway sign --public-id cats/tom --json | jq -r .signature
`,
  options: optionsFor(OWN),
  async run (context) {
    noWords(context)
    const { gateway, values, signal } = context
    printValue(context, await gateway.sign(givenFields(values, OWN), { signal }))
    return 0
  }
}
