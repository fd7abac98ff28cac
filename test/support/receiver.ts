import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** Somebody who listens to notifications, and answers with `statuses`, then with 200. */
export async function receiver (t: Test, statuses: number[] = []) {
  const heard: Record<string, unknown>[] = []
  const listeners = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      heard.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) // what the sandbox sends is an object
      response.writeHead(statuses.shift() ?? 200).end()
      for (const listener of listeners) listener()
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const until = (count: number) => new Promise<void>((resolve) => {
    const check = () => { if (heard.length >= count) resolve() }
    listeners.add(check)
    check()
  })
  return { heard, until, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` } // a TCP server
}
