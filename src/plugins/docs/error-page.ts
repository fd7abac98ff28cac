import type { FastifyPluginAsync } from 'fastify'
import { ERRORS } from '../../errors.ts'

/** The table's plain text with its code spans, as HTML. */
const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replace(/`([^`]+)`/g, '<code>$1</code>')

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Errors of cloudinary-gateway</title><link rel="icon" href="data:,">
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}:target{background:#fff3c4}</style>
<h1>Errors</h1><p>Every failure is one <code>application/problem+json</code>. Its <code>code</code> is one of these.</p>
<table><thead><tr><th>Status<th>Code<th>Meaning<th>What to do</thead><tbody>
${Object.entries(ERRORS).map(([code, { status, title, advice }]) =>
  `<tr id="${code}"><td>${status}<td><code>${code}</code><td>${html(title)}<td>${html(advice)}`).join('\n')}
</tbody></table></html>
`

/** `/docs/errors`: where the `type` of every problem answer points. */
export const errorPage: FastifyPluginAsync = async (app) => {
  app.get('/docs/errors', { schema: { hide: true } }, async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
}
