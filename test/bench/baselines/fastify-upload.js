/** What one would build from the same parts in an hour: Fastify, @fastify/multipart, the official SDK's upload_stream. CLOUDINARY_URL names the upstream. */
import { pipeline } from 'node:stream/promises'
import multipart from '@fastify/multipart'
import { v2 as cloudinary } from 'cloudinary'
import fastify from 'fastify'

const app = fastify()
await app.register(multipart, { limits: { fileSize: Infinity } })

app.post('/upload', async (request) => {
  const { file } = await request.file()
  return new Promise((resolve, reject) => {
    const options = { resource_type: 'auto', timeout: 600_000 }
    const upload = cloudinary.uploader.upload_stream(options, (error, answer) => { error ? reject(error) : resolve(answer) })
    pipeline(file, upload).catch(reject)
  })
})

console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
