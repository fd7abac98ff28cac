import type { FastifyPluginAsync } from 'fastify'
import { ERRORS, GatewayError, type ErrorCode } from '../../errors.ts'
import { ERROR_EXAMPLES } from './error-examples.ts'
import { ERROR_EXPLANATIONS } from './error-explanations.ts'
import { PAGE_STYLE } from './page-style.ts'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
/** Plain text with its code spans, as HTML. */
const html = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text)

/** Opens the page of the code that an old link has behind its `#`. */
const ANCHOR_SCRIPT = `const { hash, pathname } = location
if (document.getElementById(hash.slice(1))) location.replace(pathname.replace(/\\/?$/, '/') + hash.slice(1))
`

function page (title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><link rel="icon" href="data:,"><style>${PAGE_STYLE}</style></head>
<body><main>
${body}
</main></body></html>
`
}

/** The list of all codes. `base` is the path of this page. */
function listPage (base: string): string {
  const rows = Object.entries(ERRORS).map(([code, { status, title }]) => {
    const name = `<span><code>${code}</code><br>${html(title)}</span>`
    return `<li id="${code}"><a href="${base}/${code}"><span class="status">${status}</span>${name}</a>`
  })
  return page('Errors of cloudinary-gateway', `<nav><a href="${base.replace(/\/errors$/, '/')}">Documentation</a></nav>
<h1>Errors</h1>
<p>Every failure is one <code>application/problem+json</code>. Its <code>code</code> is one of these, and its <code>type</code>
leads to the page of that code.</p>
<ul class="list">
${rows.join('\n')}
</ul>
<script src="${base}.js"></script>`)
}

/** Returns the recorded answer as this gateway sends it: links begin with its prefix. */
function exampleAnswer (code: ErrorCode, base: string): string {
  const answer = JSON.parse(ERROR_EXAMPLES[code].answer) as Record<string, unknown> // a problem document
  return JSON.stringify({ ...answer, type: `${base}/${code}` }, null, 2)
}

function codePage (code: ErrorCode, base: string): string {
  const { status, title, advice } = ERRORS[code]
  const { meaning, reasons } = ERROR_EXPLANATIONS[code]
  const { when, request } = ERROR_EXAMPLES[code]
  const { retryable } = new GatewayError(code, '')
  const retry = retryable ? ' <span class="muted">The same request may succeed later.</span>' : ''
  return page(`${code}: errors of cloudinary-gateway`, `<nav><a href="${base}">All errors</a></nav>
<h1>${html(title)}</h1>
<p><span class="tag">${status}</span> <code>${code}</code>${retry}</p>
<h2>What it means</h2>
<p>${html(meaning)}</p>
<h2>Why it happens</h2>
<ul>${reasons.map((reason) => `<li>${html(reason)}`).join('\n')}</ul>
<h2>What to do</h2>
<p>${html(advice)}</p>
<h2>Example</h2>
<p>This request${when === '' ? '' : `, ${html(when)},`}</p>
<pre tabindex="0">${escaped(request)}</pre>
<p>gets this answer:</p>
<pre tabindex="0">${escaped(exampleAnswer(code, base))}</pre>`)
}

/** `/docs/errors`, and one page for each code: where the `type` of every problem leads. */
export const errorPage: FastifyPluginAsync = async (app) => {
  const base = `${app.prefix}/docs/errors`
  const hidden = { hide: true } as const
  app.get('/docs/errors', { schema: hidden }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(listPage(base)))
  app.get('/docs/errors.js', { schema: hidden }, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(ANCHOR_SCRIPT))
  app.get<{ Params: { code: string } }>('/docs/errors/:code', { schema: hidden }, async (request, reply) => {
    const { code } = request.params
    if (code === '') return reply.redirect(base)
    if (isCode(code)) return reply.type('text/html; charset=utf-8').send(codePage(code, base))
    throw new GatewayError('route_not_found', `There is no error code "${code}".`, {
      members: { advice: `See \`${base}\` for all codes.` }
    })
  })
}
