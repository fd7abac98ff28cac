// The rendering process: it meets bytes that nobody has vouched for, and may be killed at any time.
import { Socket } from 'node:net'
import sharp from 'sharp'
import { SandboxError } from '../errors.ts'
import { render } from './chain.ts'
import { onFrame, writeFrame } from './frames.ts'
import { PIPE, type Failure, type RenderJob, type RenderReply } from './job.ts'

sharp.cache(false)
// One job, one core: several processes share the machine with the API.
sharp.concurrency(1)

// The end of this pipe is the end of this process: nothing else keeps it alive.
const pipe = new Socket({ fd: PIPE, readable: true, writable: true })
onFrame(pipe, (frame) => {
  // The parent sends nothing else.
  const { id, job } = frame as { id: number, job: RenderJob }
  answer(id, job).then(({ reply, bytes }) => { writeFrame(pipe, reply, bytes) }, () => { pipe.destroy() })
})

async function answer (id: number, job: RenderJob): Promise<{ reply: RenderReply, bytes?: Uint8Array }> {
  try {
    const { bytes, ...result } = await render(job)
    return { reply: { id, result }, bytes }
  } catch (error) {
    return { reply: { id, failure: failureOf(error) } }
  }
}

function failureOf (error: unknown): Failure {
  if (error instanceof SandboxError) {
    const { status, message, headers } = error
    return { status, message, headers }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (/timeout/i.test(message)) return { status: 400, message: 'The image takes too long to render' }
  if (/pixel limit/i.test(message)) return { status: 400, message: 'File size too large' }
  // What libvips says of broken bytes differs per format; the vendor has one text for all.
  return { status: 400, message: 'Invalid image file' }
}
