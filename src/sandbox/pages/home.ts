import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AssetRecord } from '../assets/asset.ts'
import { clientUrl, DEFAULT_CLOUD, type Clouds, type CloudSettings } from '../clouds.ts'
import { coverage, coverageHtml } from './coverage.ts'
import type { AssetIndex } from '../store/asset-index.ts'
import type { Store } from '../store/store.ts'
import { IMAGE_TYPES } from '../transformation/output-formats.ts'

/** What the first page tells of. */
interface HomeServices {
  readonly clouds: Clouds
  readonly store: Store
  readonly publicUrl: string
}

/** `GET /`: what this is, what is in it, and how to point a client at it. `GET /_sandbox/coverage`: what it can, as JSON or as a page. */
export function registerHome (app: FastifyInstance, services: HomeServices): void {
  app.get('/', async (_request, reply) => sendPage(reply, welcome(services)))
  app.get('/_sandbox/coverage', async (request, reply) => {
    reply.header('vary', 'accept')
    return request.headers.accept?.includes('text/html') ? sendPage(reply, `<h1>What the sandbox can</h1>\n${coverageHtml()}`) : { coverage: coverage() }
  })
}

function sendPage (reply: FastifyReply, content: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:")
    .header('cache-control', 'no-store')
    .send(page(content))
}

const STYLE = `:root { color-scheme: light dark; --line: #8884; --plate: #8881; --link: light-dark(#3448c5, #9aa8ff) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.6rem; margin: 0 0 .5rem } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem }
a { color: var(--link) } code, pre { font: .9rem/1.5 ui-monospace, monospace } pre { background: var(--plate); border-radius: .4rem; padding: .75rem; overflow: auto; margin: .5rem 0 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
th { white-space: nowrap; font-weight: 600 } .pictures { display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; margin: .75rem 0; list-style: none }
.pictures img { display: block; width: 120px; height: 90px; object-fit: cover; border-radius: .4rem; background: var(--plate) } .pictures code { display: block; width: 120px; overflow-wrap: anywhere; font-size: .75rem }
@media (max-width: 40rem) { tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0 } th, td { display: block; border: 0; padding: 0; white-space: normal } }`

function page (content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
${content}
</html>
`
}

function welcome (services: HomeServices): string {
  const clouds = [...services.clouds.values()].map((cloud) => section(services, cloud)).join('\n')
  return `<h1>Sandbox</h1>
<p>This server speaks Cloudinary's wire: Upload API, Admin API, private download, delivery with transformations, signed
notifications. It is not Cloudinary. What it does not imitate it refuses by name; parameters that it takes without effect it
names in the header <code>X-Sandbox-Ignored</code>. <a href="/_sandbox/coverage">The whole list</a>.</p>
${clouds}
<h2>For tests</h2>
<table>
<tr><th><code>POST /_sandbox/faults</code><td>Orders a fault: <code>{"kind":"status","status":503,"match":{"path":"/upload"}}</code>
<tr><th><code>GET /_sandbox/requests</code><td>What was received: <a href="/_sandbox/requests">look</a>
<tr><th><code>POST /_sandbox/reset</code><td>Starts over
</table>`
}

const KINDS: Readonly<Record<string, string>> = { image: 'images', video: 'videos', raw: 'raw files' }
const SHOWN_PICTURES = 8
/** Latest assets among which pictures are looked for. */
const LOOKED_AT = 200

function section (services: HomeServices, cloud: CloudSettings): string {
  const { assets } = services.store.cloud(cloud.cloudName)
  const counts = Object.entries(KINDS)
    .map(([type, kinds]) => ({ kinds, count: assets.size(['kind', type]) }))
    .filter(({ count }) => count > 0)
    .map(({ kinds, count }) => `${count} ${count === 1 ? kinds.replace(/s$/, '') : kinds}`)
  const held = counts.join(', ') || 'nothing yet'
  // Everybody knows the default secret; any other stays with those who chose it.
  const shown = cloud.apiSecret === DEFAULT_CLOUD.apiSecret ? cloud : { ...cloud, apiSecret: 'YOUR_SECRET' }
  const latest = latestPictures(assets)
  return `<h2>Cloud ${escapeHtml(cloud.cloudName)}</h2>
<p>It holds: ${escapeHtml(held)}.</p>
${latest.length > 0 ? `<ul class="pictures">${latest.map((record) => picture(cloud, record)).join('')}</ul>\n` : ''}${clients(services.publicUrl, cloud, clientUrl(shown, services.publicUrl))}`
}

/** Returns the latest pictures that are among the latest assets. */
function latestPictures (assets: AssetIndex): AssetRecord[] {
  const pictures: AssetRecord[] = []
  let looked = 0
  for (const record of assets.byTime(['type', 'image', 'upload'], { descending: true })) {
    if (isOpenPicture(record)) pictures.push(record)
    if (pictures.length === SHOWN_PICTURES || ++looked === LOOKED_AT) break
  }
  return pictures
}

/** Anybody may see it, and a browser can show it. */
function isOpenPicture ({ resource_type: resourceType, type, format, access_control: rules, access_mode: mode }: AssetRecord): boolean {
  return resourceType === 'image' && type === 'upload' && mode === 'public' && rules === undefined && format !== undefined && Object.hasOwn(IMAGE_TYPES, format) && !format.startsWith('tif')
}

/** The original: looking at this page must not make derived assets. */
function picture ({ cloudName }: CloudSettings, { public_id: publicId, format }: AssetRecord): string {
  const path = escapeHtml(`/${encodeURIComponent(cloudName)}/image/upload/v1/${publicId.split('/').map(encodeURIComponent).join('/')}.${format ?? ''}`)
  return `<li><a href="${path}"><img loading="lazy" alt="" src="${path}"></a><code>${escapeHtml(publicId)}</code>`
}

/** How each client is pointed here. Source: the configuration each of them documents. */
function clients (publicUrl: string, { cloudName, apiKey }: CloudSettings, url: string): string {
  const host = publicUrl.replace(/^https?:\/\//, '')
  const lines: Array<readonly [client: string, how: string]> = [
    ['Node, Python, Ruby, CLI', `export CLOUDINARY_URL='${url}'`],
    ['PHP, Go', `the same URL, and set api.upload_prefix (API.UploadPrefix) to ${publicUrl}`],
    ['@cloudinary/asset-management', `new CloudinaryAssetMgmt({ cloudName: '${cloudName}', serverURL: '${publicUrl}', security })`],
    ['links of the Node SDK', `cloudinary.url(id, { secure: false, cname: '${host}' }); without secure: false it makes https links`],
    ['a browser upload', `POST ${publicUrl}/v1_1/${cloudName}/auto/upload`],
    ['a picture', `${publicUrl}/${cloudName}/image/upload/c_fill,h_90,w_120/<public_id>.jpg`],
    ['curl', `curl -u ${apiKey}:<secret> ${publicUrl}/v1_1/${cloudName}/resources/image`]
  ]
  return `<table>\n${lines.map(([client, how]) => `<tr><th>${escapeHtml(client)}<td><code>${escapeHtml(how)}</code>`).join('\n')}\n</table>`
}

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
