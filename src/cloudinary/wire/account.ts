import type { CloudinaryEnvironment } from '../../schemas/environment.ts'

type Address = Pick<CloudinaryEnvironment, 'uploadPrefix' | 'cloudName'>

/**
 * Names the account behind an environment: its API host and its cloud. Whatever is remembered about assets
 * carries this name, because an environment can be pointed at another cloud, and two gateways can give one name
 * to different clouds. The API key is not part of it: a rotated key opens the same account.
 */
export function accountOf ({ uploadPrefix, cloudName }: Address): string {
  const { origin, pathname } = new URL(uploadPrefix)
  return `${origin}${pathname.replace(/\/+$/, '')}/${encodeURIComponent(cloudName)}`
}
