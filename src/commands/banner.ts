import type { Config } from '../config/types.ts'

/** A plain word to the person who started a gateway on the sandbox: what this is, and three commands to try. */
export function banner (config: Config, url: string, sandboxUrl: string): string {
  const base = `${url}${config.routePrefix}`
  const key = config.auth.mode === 'keys' ? ' -H "Authorization: Bearer $KEY"' : ''
  return `
The gateway answers at ${base}, on its own offline Cloudinary at ${sandboxUrl}.
No account and no network is used; assets are kept in ${config.sandbox.data}. Try:

  curl${key} ${base}/resources
  curl${key} -F 'file=Hello;filename=hello.txt' ${base}/upload
  curl${key} '${base}/url?public_id=sample&width=300&height=200&crop=fill'

More: ${base}/docs

`
}
