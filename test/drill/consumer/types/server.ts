import { createServer, type Server } from 'node:http'
import { createReadStream } from 'node:fs'
import { buildApp, ConfigError, loadConfig, type AppOptions, type Config, type Gateway } from 'cloudinary-gateway'
import { GatewayClient, GatewayProblem } from 'cloudinary-gateway/api'
import { startSandbox, type RequestRecord, type Sandbox } from 'cloudinary-gateway/sandbox'

/** Compiled, not run: what the declarations promise to a server in TypeScript. */
export async function embed (variables: NodeJS.ProcessEnv): Promise<Server> {
  let config: Config
  try {
    config = loadConfig(variables)
  } catch (error) {
    throw error instanceof ConfigError ? new Error(error.message) : error
  }
  const options: AppOptions = { config, logger: { level: 'warn' } }
  const app: Gateway = await buildApp(options)
  const unverified = (await app.proveCredentials()).filter(({ verified }) => !verified)
  for (const { name, reason = 'unknown' } of unverified) app.log.warn(`${name}: ${reason}`)
  process.once('SIGHUP', () => { app.reloadPolicy() })
  process.once('SIGTERM', () => { app.drain() })
  await app.listen({ port: config.port })
  return createServer((request, response) => { app.routing(request, response) })
}

export async function fromSandbox (): Promise<string[]> {
  const sandbox: Sandbox = await startSandbox({ port: 0 })
  const added = await sandbox.add('cats/tom', { tags: ['a'] })
  sandbox.faults.add({ kind: 'reset', at_byte: 1000 })
  const seen: readonly RequestRecord[] = sandbox.requests
  await sandbox.close()
  return [added.secure_url, ...seen.map(({ method }) => method)]
}

export async function upload (client: GatewayClient): Promise<string> {
  const asset = await client.upload({ stream: createReadStream('cat.jpg'), name: 'cat.jpg' }, { tags: ['cat'] })
  // @ts-expect-error: the name of a field is misspelt
  await client.upload({ path: 'cat.jpg' }, { publicid: 'cats/tom' })
  try {
    return (await client.get(asset.public_id ?? '')).secure_url ?? ''
  } catch (error) {
    return error instanceof GatewayProblem ? error.code : 'unknown'
  }
}
