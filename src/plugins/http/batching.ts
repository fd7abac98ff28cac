import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Handles the requests that arrive in one turn of the event loop one after the other, when all of them have been read:
 * Node would handle each between reading it and reading the next. The same work in a row finds its code and data in the
 * caches of the processor, and answers in a row find their readers awake. The first request of a turn is handled at once:
 * it may be the only one, and need not wait for the uploads that are read beside it. What waits is what one turn reads.
 * To be registered before whatever refuses.
 */
export default fp(async (app) => {
  const { server } = app
  const handlers = server.listeners('request') as RequestListener[]
  const handle = ({ request, response }: Exchange): void => { for (const handler of handlers) handler.call(server, request, response) }
  /** Undefined until the first request of a turn has come. */
  let waiting: Exchange[] | undefined
  const handleAll = (): void => {
    const all = waiting ?? []
    waiting = undefined
    for (const exchange of all) handle(exchange)
  }
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    if (waiting) {
      waiting.push({ request, response })
      return
    }
    waiting = []
    setImmediate(handleAll)
    handle({ request, response })
  })
  // What cannot be parsed is answered at once, but behind what came before it.
  server.prependListener('clientError', handleAll)
}, { name: 'batching' })
