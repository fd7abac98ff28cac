import type { StoredAsset } from '../../api/index.ts'
import { wholeNumber } from '../usage.ts'
import { noWords, printLine, table, type GatewayCall } from './call.ts'
import { givenFields, KIND, optionsFor } from './fields.ts'

const OWN = {
  ...KIND,
  prefix: 'text',
  tag: 'text',
  'asset-folder': 'text',
  direction: 'text',
  'start-at': 'text',
  fields: 'list',
  tags: 'switch',
  context: 'switch',
  metadata: 'switch',
  moderations: 'switch'
} as const
const LIMIT = '100'
/** Assets of a page, at most. */
const PAGE = 500
const MOST = 1_000_000_000

/** Lists assets: a table for people, one JSON object a line for programs. */
export const list: GatewayCall = {
  usage: '',
  help: `Options
  --limit <number>           Assets at most (100); 0 lists them all
  --prefix <text>            Public IDs that begin so
  --tag <tag>                With this tag
  --asset-folder <folder>    Shown in this folder
  --resource-type <kind>     image (default), video or raw
  --type <type>              upload (default), private or authenticated
  --tags, --context, --metadata, --moderations
                             Include these
  --fields <a,b>             Only these members of each asset
  --start-at <time>          Uploaded from this time on (ISO 8601)
  --direction <asc|desc>     By time of upload; the newest first when not given
  -f, --field <name=value>   Any other field of GET /resources

Examples
  cloudinary-gateway list --prefix samples/
  cloudinary-gateway list --limit 0 --json | wc -l
  cloudinary-gateway list --tags --json | jq -r 'select(.tags | index("cat")) | .public_id'
`,
  options: { ...optionsFor(OWN), limit: { type: 'string' } },
  async run (context) {
    noWords(context)
    const { gateway, values, signal, json, terminal } = context
    const limit = wholeNumber('--limit', String(values['limit'] ?? LIMIT), MOST) || Infinity
    const query = { max_results: Math.min(limit, PAGE), ...givenFields(values, OWN) }
    const found: StoredAsset[] = []
    let count = 0
    for await (const asset of gateway.assets(query, { signal })) {
      signal.throwIfAborted()
      if (json) printLine(context, asset)
      else found.push(asset)
      if (++count === limit) break
    }
    if (json) return 0
    if (found.length === 0) terminal.err('There are no such assets.\n')
    else {
      terminal.out(table(found.map((asset) => [
        asset.public_id, asset.format, asset.bytes, asset.created_at
      ])))
    }
    return 0
  }
}
