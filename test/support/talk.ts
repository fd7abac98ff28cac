import { connect } from 'node:net'

/** Sends bytes in one piece, as no client would; resolves with all that came back once the server has ended the connection. */
export function talk (base: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (data) => { text += data.toString() })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    socket.setTimeout(60_000, () => socket.destroy(new Error('the server left the connection open')))
  })
}

/** Sends a head that announces a body, and no byte of it. */
export function announce (base: string, head: readonly string[]): Promise<string> { return talk(base, `${head.join('\r\n')}\r\n\r\n`) }
