import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Handles the requests that arrive in one turn of the event loop one after the other, when all of them have been read:
 * Node would handle each between reading it and reading the next. The same work in a row finds its code and data in the
 * caches of the processor, and answers in a row wake up their readers once. A request that comes alone waits for
 * nothing. To be registered before whatever refuses.
 */
export default fp(async (app) => {
  const { server } = app
  const handlers = server.listeners('request') as RequestListener[]
  let waiting: Exchange[] = []
  const handleAll = (): void => {
    const all = waiting
    waiting = []
    for (const { request, response } of all) for (const handle of handlers) handle.call(server, request, response)
  }
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    if (waiting.length === 0) setImmediate(handleAll)
    waiting.push({ request, response })
  })
  // What cannot be parsed is answered at once, but behind what came before it.
  server.prependListener('clientError', handleAll)
}, { name: 'batching' })
