/** Fastify with one route and nothing else: a JSON body is parsed, an answer of the same shape and size is sent. */
import fastify from 'fastify'

const answer = JSON.parse(process.env.ANSWER)
const text = { type: 'string' }

const app = fastify()
app.post('/signature', {
  schema: {
    response: {
      200: {
        type: 'object',
        required: Object.keys(answer),
        properties: {
          signature: text,
          timestamp: { type: 'integer' },
          expires_at: { type: 'integer' },
          api_key: text,
          cloud_name: text,
          resource_type: text,
          upload_url: text,
          fields: { type: 'object', additionalProperties: text }
        }
      }
    }
  }
}, async () => answer)

console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
