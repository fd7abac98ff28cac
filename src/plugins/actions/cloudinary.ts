import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import type { MemoryBounds } from '../../bounded-memory.ts'
import { Accounts, AnswerRoom, CloudinaryClient, type ClientOptions } from '../../cloudinary/client.ts'
import { signatureMemory } from '../../cloudinary/explain/issued-signatures.ts'
import { SignatureLimits } from '../../cloudinary/explain/signature-limits.ts'
import type { RedisLink } from '../../redis/link.ts'
import { RedisQuotaStore } from '../../redis/quota-store.ts'
import { RedisSignatureStore } from '../../redis/signature-store.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { Secret } from '../../secret.ts'
import storedFiles from './stored-files.ts'

export interface CloudinaryOptions {
  environments: readonly CloudinaryEnvironment[]
  defaultEnvironment: string
  client: ClientOptions
  /** Called after environments have changed. */
  onReplaced?: (() => void) | undefined
  /** Shares signatures and the Admin API budget between replicas; undefined: they are not shared. */
  redis?: RedisLink | undefined
  /** Bounds of the caches of signatures, and of assets that were not found. */
  memory?: MemoryBounds
  /** Bytes of answers that may arrive at the same time; default: any number. */
  arrivingBytes?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    cloudinary: Clients
  }
}

/** A secret compares as the object that hides it, so its text is compared. */
function isSame (one: CloudinaryEnvironment, other: CloudinaryEnvironment): boolean {
  const plain = (environment: CloudinaryEnvironment) => {
    const { apiSecret, proxy } = environment
    return { ...environment, apiSecret: apiSecret.reveal(), proxy: proxy?.url.reveal() }
  }
  return isDeepStrictEqual(plain(one), plain(other))
}

/**
 * One client per environment: two environments never share a client or a pool. A request keeps the client it
 * was given, so credentials that change while it runs are never mixed into it.
 */
export class Clients {
  readonly defaultEnvironment: string
  readonly #options: ClientOptions
  readonly #onReplaced: () => void
  #clients: ReadonlyMap<string, CloudinaryClient>
  /**
   * Clients that were replaced. An upload may use one for hours and open connections on it, so they are
   * closed with the app. A client that is no longer used is garbage-collected; its idle sockets close themselves.
   */
  #retired: readonly WeakRef<CloudinaryClient>[] = []
  #decoy: { readonly of: CloudinaryClient, readonly client: CloudinaryClient } | undefined

  constructor (options: CloudinaryOptions) {
    const {
      environments,
      defaultEnvironment,
      client,
      memory = {},
      arrivingBytes = Infinity,
      redis,
      onReplaced = () => {}
    } = options
    this.defaultEnvironment = defaultEnvironment
    this.#onReplaced = onReplaced
    this.#options = {
      signatures: signatureMemory(memory),
      limits: new SignatureLimits(memory),
      signatureStore: redis && new RedisSignatureStore(redis),
      answerRoom: new AnswerRoom(arrivingBytes),
      accounts: new Accounts(redis && new RedisQuotaStore(redis), memory),
      ...client
    }
    this.#clients = new Map(environments.map((environment) =>
      [environment.name, new CloudinaryClient(environment, this.#options)]))
  }

  get (name: string): CloudinaryClient | undefined { return this.#clients.get(name) }
  names (): string[] { return [...this.#clients.keys()] }
  all (): CloudinaryClient[] { return [...this.#clients.values()] }

  /**
   * The default environment with a random secret. It answers callers that ask for an unknown environment and
   * may not learn that it is unknown: no signature matches it, as theirs would not match an existing one.
   */
  decoy (): CloudinaryClient | undefined {
    const of = this.get(this.defaultEnvironment)
    if (of !== undefined && this.#decoy?.of !== of) {
      if (this.#decoy) this.#retire([this.#decoy.client])
      this.#decoy = { of, client: new CloudinaryClient({ ...of.environment, apiSecret: new Secret(randomBytes(32).toString('hex')) }, this.#options) }
    }
    return this.#decoy?.client
  }

  /**
   * Takes new credentials for the requests to come. A client whose environment stays the same stays; one that
   * is replaced goes on for the requests that hold it.
   * @returns names of the environments that changed.
   */
  replace (environments: readonly CloudinaryEnvironment[]): string[] {
    const before = this.#clients
    const kept = (environment: CloudinaryEnvironment): CloudinaryClient | undefined => {
      const client = before.get(environment.name)
      return client && isSame(client.environment, environment) ? client : undefined
    }
    this.#clients = new Map(environments.map((environment) => [environment.name, kept(environment) ?? new CloudinaryClient(environment, this.#options)]))
    this.#retire([...before.values()].filter((client) =>
      this.#clients.get(client.environment.name) !== client))
    this.#onReplaced()
    return [...new Set([...before.keys(), ...this.#clients.keys()])].filter((name) => before.get(name) !== this.#clients.get(name))
  }

  async close (): Promise<void> {
    const retired = this.#retired.flatMap((client) => client.deref() ?? [])
    const decoys = this.#decoy ? [this.#decoy.client] : []
    await Promise.all([...this.all(), ...retired, ...decoys].map((client) => client.close()))
  }

  #retire (clients: readonly CloudinaryClient[]): void {
    const held = this.#retired.filter((client) => client.deref() !== undefined)
    this.#retired = [...held, ...clients.map((client) => new WeakRef(client))]
  }
}

/** Holds the clients of all environments and closes them with the app. */
export default fp<CloudinaryOptions>(async (app, options) => {
  const clients = new Clients(options)
  app.decorate('cloudinary', clients)
  await app.register(storedFiles)
  app.metrics?.showQuotas(async () => Promise.all(clients.all().map(async (client) =>
    ({ environment: client.environment.name, standing: await client.quota() }))))
  app.addHook('onClose', async () => { await clients.close() })
}, { name: 'cloudinary' })
