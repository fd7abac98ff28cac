/** What programs import as `cloudinary-gateway`. */
export { buildApp, type AppOptions, type CredentialVerdict, type Gateway } from './app.ts'
export { ConfigError, loadConfig } from './config/config.ts'
export type { Config } from './config/types.ts'
