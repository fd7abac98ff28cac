import type { FastifyPluginAsync } from 'fastify'

/** What a language model needs to use the gateway, with links behind the prefix. Source: llmstxt.org. */
const text = (prefix: string): string => `# cloudinary-gateway

> A self-hosted REST service between callers and Cloudinary. It holds the API secrets and offers nine actions: upload,
> delivery URL, list, get, update, delete, signed URL, upload signature, and direct upload with that signature.

- Names on the wire are Cloudinary's own: \`public_id\`, \`resource_type\` (image, video, raw), \`type\` (upload, private, authenticated).
- \`X-Environment\` chooses the environment. \`Authorization: Bearer <key>\` says who calls, unless the gateway is on loopback.
- \`${prefix}/upload-element.js\` is an upload field for any page (\`<cloudinary-upload signature-url="${prefix}/signature">\`), \`${prefix}/client.js\` the same without a user interface.
- Every failure is one \`application/problem+json\` with a stable \`code\`, \`detail\`, \`advice\`, \`retryable\` and, for bad input, \`errors\` with JSON pointers.
- What a route does not read is refused, never ignored.

## API

- [OpenAPI 3.1, JSON](${prefix}/openapi.json): every route, field and answer
- [OpenAPI 3.1, YAML](${prefix}/openapi.yaml): the same
- [Postman collection](${prefix}/postman.json): requests to send from top to bottom

## Documentation

- [Interactive documentation](${prefix}/docs): try every route in the browser
- [Errors](${prefix}/docs/errors): every code; \`${prefix}/docs/errors/<code>\` explains one, with an example
`

/** `/llms.txt`: what this is and where its documents are, for language models. */
export const llmsText: FastifyPluginAsync = async (app) => {
  app.get('/llms.txt', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(text(app.prefix)))
}
