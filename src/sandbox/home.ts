import type { FastifyInstance, FastifyReply } from 'fastify'
import { DEFAULT_CLOUD, type CloudSettings } from './clouds.ts'
import { coverage, coverageHtml } from './coverage.ts'
import { clientUrl } from './client-url.ts'
import type { SandboxContext } from './context.ts'

/** `GET /`: what this is, what is in it, and how to point a client at it. `GET /_sandbox/coverage`: what it can, as JSON or as a page. */
export function registerHome (app: FastifyInstance, context: SandboxContext): void {
  app.get('/', async (_request, reply) => sendPage(reply, welcome(context)))
  app.get('/_sandbox/coverage', async (request, reply) => {
    reply.header('vary', 'accept')
    return request.headers.accept?.includes('text/html') ? sendPage(reply, `<h1>What the sandbox can</h1>\n${coverageHtml()}`) : { coverage: coverage() }
  })
}

function sendPage (reply: FastifyReply, content: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .header('cache-control', 'no-store')
    .send(page(content))
}

function page (content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem } td { padding-right: 1rem; overflow-wrap: anywhere } pre { background: #8881; padding: .75rem; overflow: auto }</style>
${content}
</html>
`
}

function welcome (context: SandboxContext): string {
  const clouds = [...context.clouds.values()].map((cloud) => section(context, cloud)).join('\n')
  return `<h1>Sandbox</h1>
<p>This server speaks Cloudinary's wire: Upload API, Admin API, private download, delivery with transformations, signed
notifications. It is not Cloudinary. What it does not imitate it refuses by name, with status 501; parameters that it takes
without effect it names in the header <code>X-Sandbox-Ignored</code>. <a href="/_sandbox/coverage">The whole list</a>.</p>
${clouds}
<h2>For tests</h2>
<p>Order faults with <code>POST /_sandbox/faults</code>, see what was received with <code>GET /_sandbox/requests</code>, start over with <code>POST /_sandbox/reset</code>.</p>`
}

function section (context: SandboxContext, cloud: CloudSettings): string {
  const counts: Record<string, number> = {}
  for (const { resource_type: type } of context.store.cloud(cloud.cloudName).all()) counts[type] = (counts[type] ?? 0) + 1
  const held = Object.entries(counts).map(([type, count]) => `${count} ${type}`).join(', ') || 'nothing yet'
  // Everybody knows the default secret; any other stays with those who chose it.
  const shown = cloud.apiSecret === DEFAULT_CLOUD.apiSecret ? cloud : { ...cloud, apiSecret: 'YOUR_SECRET' }
  return `<h2>Cloud ${escapeHtml(cloud.cloudName)}</h2>
<p>It holds: ${escapeHtml(held)}.</p>
<pre>export CLOUDINARY_URL='${escapeHtml(clientUrl(shown, context.publicUrl))}'</pre>`
}

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
