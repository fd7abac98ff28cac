import { noWords, printLine, table, type GatewayCall } from './call.ts'

/** Lists the environments that the caller may use. */
export const environments: GatewayCall = {
  usage: '',
  help: `Examples
  cloudinary-gateway environments
  cloudinary-gateway environments --json | jq -r 'select(.verified | not) | .name'
`,
  options: {},
  async run (context) {
    noWords(context)
    const { gateway, signal, terminal, json } = context
    const { environments: found } = await gateway.environments({ signal })
    if (json) for (const one of found) printLine(context, one)
    else {
      terminal.out(table(found.map(({ name, cloud_name: cloud, verified, default: isDefault }) =>
        [name, cloud, verified ? 'verified' : 'not verified', isDefault ? 'default' : ''])))
    }
    return 0
  }
}
