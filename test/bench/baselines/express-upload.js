/**
 * The tutorial answer: Express 5, multer to disk or memory (first argument), the official SDK. Its limits are off, its
 * etags on as by default. The folder for spooled files is the second argument; CLOUDINARY_URL names the upstream.
 */
import { unlink } from 'node:fs/promises'
import { v2 as cloudinary } from 'cloudinary'
import express from 'express'
import multer from 'multer'

const [, , storage, folder] = process.argv
const app = express()
const upload = storage === 'disk' ? multer({ dest: folder }) : multer({ storage: multer.memoryStorage() })
const options = { resource_type: 'auto', timeout: 600_000 }

app.post('/upload', upload.single('file'), async (request, response) => {
  if (storage === 'disk') {
    const result = await cloudinary.uploader.upload(request.file.path, options)
    await unlink(request.file.path)
    response.json(result)
    return
  }
  const result = await new Promise((resolve, reject) => {
    cloudinary.uploader.upload_stream(options, (error, answer) => { error ? reject(error) : resolve(answer) }).end(request.file.buffer)
  })
  response.json(result)
})

app.get('/resources', async (_request, response) => {
  response.json(await cloudinary.api.resources({ type: 'upload' }))
})

const server = app.listen(0, '127.0.0.1', () => { console.log(`listening at http://127.0.0.1:${server.address().port}`) })
server.requestTimeout = 0
