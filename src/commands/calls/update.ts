import { UsageError } from '../usage.ts'
import { onlyWord, printable, printValue, type GatewayCall } from './call.ts'
import { givenFields, KIND, optionsFor } from './fields.ts'

const OWN = {
  ...KIND,
  tags: 'list',
  context: 'map',
  metadata: 'map',
  'moderation-status': 'text',
  'display-name': 'text',
  'asset-folder': 'text',
  diagnose: 'switch'
} as const

/** Changes one asset. */
export const update: GatewayCall = {
  usage: 'PUBLIC_ID',
  help: `Options
  --tags <a,b>               Replace its tags; --tags '' removes them
  --context <name=value>     Replace its context; repeat it for more
  --metadata <id=value>      Set a field of its structured metadata; repeat it for more
  --moderation-status <status>
                             pending, approved or rejected
  --display-name <name>, --asset-folder <folder>
  --resource-type <kind>     image (default), video or raw
  --type <type>              upload (default), private or authenticated
  --diagnose                 When it is absent, look under every kind and type, an Admin API call each
  -f, --field <name=value>   Any other field of PATCH /resources/{public_id}
  --dry-run                  Print what would be sent, and send nothing

Examples
  cloudinary-gateway update sample --tags cat,portrait
  cloudinary-gateway update sample --context alt='A cat' --dry-run
`,
  options: { ...optionsFor(OWN), 'dry-run': { type: 'boolean' } },
  async run (context) {
    const { gateway, values, signal, terminal } = context
    const id = onlyWord(context, 'PUBLIC_ID')
    const changes = givenFields(values, OWN)
    const { resource_type: _kind, type: _type, diagnose: _hints, ...changed } = changes
    if (Object.keys(changed).length === 0) {
      throw new UsageError('Nothing is to be changed: give --tags, --context or another field')
    }
    if (!values['dry-run']) printValue(context, await gateway.update(id, changes, { signal }))
    else {
      terminal.err(`Would change ${printable(id)}:\n`)
      printValue(context, changes)
    }
    return 0
  }
}
