import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'
import { GatewayError } from '../../errors.ts'

/** Modules that `src/browser/bundle.js` makes. The element loads its languages itself. */
const MODULES = ['client.js', 'upload-element.js', 'upload-element.de.js', 'upload-element.ar.js']
/** Folders of the modules: beside the compiled gateway, or in `dist` when the sources themselves run. */
const FOLDERS = ['../../browser/', '../../../dist/src/browser/'].map((path) => new URL(path, import.meta.url))

interface BrowserModule { readonly text: string, readonly tag: string }

/** Returns the first of the files that exists, or undefined. */
async function firstOf ([path, ...rest]: readonly URL[]): Promise<BrowserModule | undefined> {
  if (path === undefined) return undefined
  try {
    const text = await readFile(path, 'utf8')
    return { text, tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"` }
  } catch {
    return await firstOf(rest)
  }
}

/** Headers that let pages of any origin import a module, also a page that isolates itself. */
const OPEN = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

/** True when a browser or proxy holds this version. Weak tags match too: a proxy that compresses makes ours weak. */
function isKnown (tag: string, condition = ''): boolean {
  return condition.split(',').map((one) => one.trim().replace(/^W\//, '')).some((one) => one === tag || one === '*')
}

export interface BrowserModulesOptions {
  /** Where to look for the modules, in this order. */
  readonly folders?: readonly URL[]
}

/** `/client.js` and `/upload-element.js`: modules that pages of any origin may import. They hold no secret, so need no key. */
export const browserModules: FastifyPluginAsync<BrowserModulesOptions> = async (
  app, { folders = FOLDERS }
) => {
  for (const name of MODULES) {
    let known: BrowserModule | undefined
    app.get(`/${name}`, { schema: { hide: true } }, async ({ headers }, reply) => {
      known ??= await firstOf(folders.map((folder) => new URL(name, folder)))
      if (known === undefined) {
        // Otherwise the browser reports a CORS failure to pages of other origins, and hides the 404.
        reply.headers(OPEN)
        const members = { advice: 'Run `npm run build`, then reload the page.' }
        throw new GatewayError('route_not_found', `${name} has not been built.`, { members })
      }
      reply.headers({ ...OPEN, etag: known.tag, 'cache-control': 'public, max-age=0' })
      if (isKnown(known.tag, headers['if-none-match'])) return reply.code(304).send()
      return reply.type('text/javascript; charset=utf-8').send(known.text)
    })
  }
}
