import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RedisPlace } from '../../redis/connection.ts'
import type { RedisLink } from '../../redis/link.ts'
import type { Secret } from '../../secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The connection to Redis; undefined without `REDIS_URL`. */
    redis: RedisLink | undefined
  }
}

export interface RedisOptions extends Omit<RedisPlace, 'url'> {
  /** Undefined without `REDIS_URL`. */
  readonly url: Secret | undefined
}

const LOST = 'Redis is out of reach; until it is back, rates are counted in this process, and uploads with an Idempotency-Key are refused'
const BACK = 'Redis is back; rates are shared again, and uploads with an Idempotency-Key are taken'

async function openLink ({ log }: FastifyInstance, place: RedisPlace): Promise<RedisLink> {
  // Loaded only where it is wanted: ioredis takes a tenth of the start-up time.
  const library = await import('../../redis/link.ts')
  return new library.RedisLink({
    ...place,
    onDown: (error) => log.error({ err: error }, LOST),
    onUp: () => log.info(BACK)
  })
}

/**
 * Opens the process's one connection to Redis. Register this plugin before its users, so that it is closed
 * after them.
 */
export default fp<RedisOptions>(async (app, { url, ...place }) => {
  const link = url && await openLink(app, { url, ...place })
  app.decorate('redis', link)
  if (!link) return
  app.metrics?.showRedis(() => !link.isDown)
  app.addHook('onClose', async () => { link.close() })
  await link.ready()
}, { name: 'redis', dependencies: ['metrics'] })
