import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { cookies } from './auth.js'
import * as route from './route.js'

/** Calls a route handler as Next.js does: with a Request, for a Response. */
async function answerTo (incoming) {
  const { method, url, headers } = incoming
  if (url !== '/api/signature') return new Response('', { status: 404 })
  if (route[method] === undefined) return new Response('', { status: 405 })
  const body = JSON.stringify(await json(incoming))
  const request = new Request(new URL(url, 'http://localhost'), { method, headers, body })
  return await cookies.run(headers.cookie, async () => await route[method](request))
}

createServer(async (incoming, outgoing) => {
  const answer = await answerTo(incoming).catch(() => new Response('', { status: 500 }))
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
  outgoing.end(Buffer.from(await answer.arrayBuffer()))
}).listen(3000)
