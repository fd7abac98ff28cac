import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { Secret } from '../../secret.ts'
import { defaultSettings } from './options.ts'
import { deepFreeze } from '../freeze.ts'
import type { Config } from '../types.ts'

export interface SandboxCloud {
  /** Also the name of the environment on it. */
  readonly cloudName: string
  readonly apiKey: string
  readonly apiSecret: string
}

/**
 * The clouds of the embedded sandbox, one per environment. Keys and secrets are fixed and public on purpose:
 * they open nothing but a sandbox, and a `CLOUDINARY_URL` that was copied once keeps working.
 */
export const SANDBOX_CLOUDS = deepFreeze([
  { cloudName: 'editor', apiKey: '100000000000001', apiSecret: 'editor-sandbox-secret' },
  { cloudName: 'staging', apiKey: '100000000000002', apiSecret: 'staging-sandbox-secret' },
  { cloudName: 'production', apiKey: '100000000000003', apiSecret: 'production-sandbox-secret' },
  { cloudName: 'sandbox', apiKey: '100000000000004', apiSecret: 'sandbox-sandbox-secret' }
] satisfies SandboxCloud[])

/** Environments when the sandbox is all there is, and the one beside real credentials. */
export const ALONE = ['editor', 'staging', 'production'] as const
export const BESIDE = ['sandbox'] as const

/**
 * Environments on a sandbox that listens at `url`, such as `http://127.0.0.1:8081`.
 * `publicUrl` is how browsers reach it, when that differs; delivery, upload and download URLs are built on it.
 */
export function sandboxEnvironments (url: string, names: readonly string[] = ALONE, publicUrl = url): CloudinaryEnvironment[] {
  const { protocol, host } = new URL(publicUrl)
  const { delivery, ...settings } = defaultSettings()
  // A link that somebody wants to be `https` leads to the sandbox as well, not to a cloud of that name at Cloudinary.
  const place = { secure_distribution: host, ...protocol === 'https:' ? { secure: true } : { secure: false, cname: host } }
  return SANDBOX_CLOUDS.filter(({ cloudName }) => names.includes(cloudName)).map(({ cloudName, apiKey, apiSecret }) => ({
    ...settings,
    name: cloudName,
    cloudName,
    apiKey,
    apiSecret: new Secret(apiSecret),
    uploadPrefix: url.replace(/\/+$/, ''),
    publicUploadPrefix: publicUrl.replace(/\/+$/, ''),
    delivery: { ...delivery, ...place },
    sandbox: true
  }))
}

/** The config once the sandbox listens at `url`: its environments added to those with credentials. */
export function withSandbox (config: Config, url: string): Config {
  const names = config.environments.length === 0 ? ALONE : BESIDE
  const environments = [...config.environments, ...sandboxEnvironments(url, names, config.sandbox.publicUrl)]
  return deepFreeze({ ...config, environments })
}
