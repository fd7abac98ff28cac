import { loadConfig } from '../../src/config/config.ts'

/** A secret that is written differently in URLs, forms and JSON. */
export const SECRET = 'sEcr3t/canary+value'

/** A configuration with this secret, another that is too short to be masked, and a password of Redis. */
export const SECRET_CONFIG = loadConfig({
  CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(SECRET)}@demo`,
  CLOUDINARY_URL_SHORT: 'cloudinary://1234:abcd@demo',
  REDIS_URL: 'redis://:redis-canary@localhost:6379',
  LOG_LEVEL: 'debug'
})
