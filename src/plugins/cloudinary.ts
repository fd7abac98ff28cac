import fp from 'fastify-plugin'
import { CloudinaryClient, type ClientOptions } from '../cloudinary/client.ts'
import type { CloudinaryEnvironment } from '../schemas/environment.ts'

export interface CloudinaryOptions {
  environments: readonly CloudinaryEnvironment[]
  defaultEnvironment: string
  client: ClientOptions
}

declare module 'fastify' {
  interface FastifyInstance {
    /** One client per environment: two environments never share a client or a pool. */
    cloudinary: { readonly clients: ReadonlyMap<string, CloudinaryClient>, readonly defaultEnvironment: string }
  }
}

/** Holds the clients of all environments and closes them with the app. */
export default fp<CloudinaryOptions>(async (app, { environments, defaultEnvironment, client }) => {
  const clients = new Map(environments.map((environment) => [environment.name, new CloudinaryClient(environment, client)]))
  app.decorate('cloudinary', { clients, defaultEnvironment })
  app.addHook('onClose', async () => { await Promise.all([...clients.values()].map((each) => each.close())) })
}, { name: 'cloudinary' })
