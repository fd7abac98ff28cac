/** What programs import as `cloudinary-gateway`. */
export { buildApp } from './app.ts'
export type { AppOptions, CredentialVerdict, Gateway } from './app-types.ts'
export { ConfigError, loadConfig } from './config/config.ts'
export type { Config } from './config/types.ts'
