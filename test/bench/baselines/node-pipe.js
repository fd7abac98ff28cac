/**
 * The least that Node can do for an upload: a request of node:http piped into another, no field read, nothing checked.
 * Below this nothing gets that is built on Node's own HTTP parser. UPSTREAM names where it goes.
 */
import { Agent, createServer, request } from 'node:http'

const agent = new Agent({ keepAlive: true })
const server = createServer((incoming, answer) => {
  const { 'content-type': type, 'content-length': length } = incoming.headers
  const outgoing = request(`${process.env.UPSTREAM}${incoming.url}`, { agent, method: 'POST', headers: { 'content-type': type, 'content-length': length } }, (reply) => {
    answer.writeHead(reply.statusCode, reply.headers)
    reply.pipe(answer)
  })
  incoming.pipe(outgoing)
})
server.requestTimeout = 0
server.listen(0, '127.0.0.1', () => { console.log(`listening at http://127.0.0.1:${server.address().port}`) })
