/** The client for browsers, which send URLs, data URIs, Blobs and bytes, and can stream none of them. */
export { BrowserClient as GatewayClient } from './client.ts'
export { GatewayProblem, GatewayUnreachable } from './problem.ts'
