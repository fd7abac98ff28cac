import type { Config } from '../config/types.ts'

/** A plain word to the person who started a gateway on the sandbox: what this is, where to read on, and one command. */
export function banner (config: Config, url: string, sandboxUrl: string): string {
  const base = `${url}${config.routePrefix}`
  const key = config.auth.mode === 'keys' ? ' -H "Authorization: Bearer $KEY"' : ''
  return `
The gateway answers at ${base}, on its own offline Cloudinary at ${sandboxUrl}.
No account and no network is used; assets are kept in ${config.sandbox.data}.

  Documentation, with forms that send each action:
  ${base}/docs

  Try it: this answers the address of a picture, 300 by 200 pixels.
  curl${key} '${base}/url?public_id=sample&width=300&height=200&crop=fill'

`
}
