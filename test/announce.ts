import { connect } from 'node:net'

/** Sends a head that announces a body, and no byte of it; resolves with the answer once the server has closed. */
export function announce (base: string, head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n`))
    let text = ''
    socket.on('data', (data) => { text += data.toString() })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    socket.setTimeout(5_000, () => socket.destroy(new Error('the server left the connection open')))
  })
}
