import type { Socket } from 'node:net'

/** Long enough for an answer to cross an ocean; short enough that refused uploads do not pile up. */
const LINGER_MS = 500

/**
 * Lets a caller that is still sending read the answer that ends its request. Node would close the socket with bytes of
 * the body unread in it, which resets the connection, and the answer is lost with it. Here our side is closed, nothing
 * more is read, and the socket goes half a second later.
 */
export function lingeringClose (socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    // The rest of the body stays with the caller.
    socket.pause()
    const timer = setTimeout(() => { socket.destroy() }, LINGER_MS)
    socket.once('close', () => { clearTimeout(timer) })
  }
}
