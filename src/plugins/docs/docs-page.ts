import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import { STYLES } from './docs-page-style.ts'

/** Addresses are relative, so that a proxy may put any path before them. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>cloudinary-gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="static/page.js"></script>
</head>
<body>
<noscript><p class="broken">This page needs JavaScript. The same contract is in <a href="../openapi.yaml">openapi.yaml</a>.</p></noscript>
</body>
</html>
`
const TAG = `"${createHash('sha256').update(STYLES).digest('base64url').slice(0, 16)}"`
/** Scripts of the page, which browsers load as they are. */
const SCRIPTS = fileURLToPath(new URL('./ui/', import.meta.url))

/** `/docs`: the actions as forms that send real requests, made in the browser from `/openapi.json`. */
export const docsPage: FastifyPluginAsync = async (app) => {
  const hidden = { hide: true } as const
  app.get('/docs', { schema: hidden }, async (_request, reply) => reply.redirect('docs/'))
  app.get('/docs/', { schema: hidden }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(PAGE)
  )
  app.get('/docs/page.css', { schema: hidden }, async ({ headers }, reply) => {
    reply.headers({ etag: TAG, 'cache-control': 'public, max-age=0' })
    if (headers['if-none-match'] === TAG) return reply.code(304).send()
    return reply.type('text/css; charset=utf-8').send(STYLES)
  })
  await app.register(fastifyStatic, {
    root: SCRIPTS,
    prefix: '/docs/static/',
    schemaHide: true,
    decorateReply: false,
    index: false,
    allowedPath: (path) => /^\/[a-z-]+\.js$/.test(path)
  })
}
