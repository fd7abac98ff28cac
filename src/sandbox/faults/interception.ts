import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConnectionEnded, drain, Exchange } from './exchange.ts'
import type { Faults, PendingFault } from './faults.ts'
import type { RequestLog } from './requests.ts'

/** Stands before the app: writes down each request and lets the ordered faults strike it. */
export function intercept (faults: Faults, log: RequestLog, handle: (request: IncomingMessage, response: ServerResponse) => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { method = 'GET', url = '/' } = request
    if (url.startsWith('/_sandbox/')) return handle(request, response)
    const record = log.open(method, url, request.headers)
    const { socket } = request
    const ended = (): void => {
      response.off('close', ended)
      socket.off('close', ended)
      record.state = response.writableFinished ? 'complete' : 'aborted'
      if (response.headersSent) record.status = response.statusCode
    }
    // A connection that is ended on purpose does not always tell its response.
    response.on('close', ended)
    socket.on('close', ended)
    const striking = faults.take(method, url)
    const exchange = new Exchange(request, response, record, striking)
    if (striking.length === 0) return handle(request, response)
    strikeFirst(exchange, striking, request, response).then((goesOn) => {
      if (goesOn) handle(request, response)
    }, (error: unknown) => {
      if (!(error instanceof ConnectionEnded)) response.destroy(error instanceof Error ? error : undefined)
    })
  }
}

/** @returns whether the app gets to see the request. */
async function strikeFirst (exchange: Exchange, faults: readonly PendingFault[], request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === 'cut_answer') cutAnswer(request, response, fault.at_byte)
    else if (fault.kind === 'lost_answer') loseAnswer(request, response)
    else if (fault.kind === 'status' || fault.kind === 'html') {
      await drain(exchange.body())
      exchange.answer(fault)
      return false
    } else if ((fault.at_byte ?? 0) === 0) await exchange.strike(fault)
  }
  return true
}

/** Sends the head and `atByte` bytes of the answer (half of its first piece by default), and then ends the connection. */
function cutAnswer (request: IncomingMessage, response: ServerResponse, atByte: number | undefined): void {
  // Kept here, because Node takes a closed socket off its request, and another fault may close it.
  const { socket } = request
  const write = response.write.bind(response)
  let cut = false
  const cutWrite = (chunk: unknown): boolean => {
    if (cut) return true
    cut = true
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.isBuffer(chunk) ? chunk : Buffer.alloc(0)
    const part = bytes.subarray(0, atByte ?? Math.floor(bytes.length / 2))
    if (part.length === 0) response.flushHeaders()
    else write(part)
    setImmediate(() => { socket.destroySoon() })
    return true
  }
  response.write = cutWrite
  response.end = (chunk?: unknown) => {
    cutWrite(chunk)
    return response
  }
}

/** The work is done, but nobody hears of it. */
function loseAnswer (request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request
  const lose = () => { socket.resetAndDestroy() }
  response.write = () => {
    lose()
    return true
  }
  response.end = () => {
    lose()
    return response
  }
}
