import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UploadCall } from '../../cloudinary/client.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * What an upload of this request runs with: it ends with `signal`, by default with the caller, and what
     * Cloudinary stored is counted, and logged where it differs from what was sent.
     */
    uploadCall (signal?: AbortSignal): UploadCall
  }
}

/** Tells operators what became of uploaded files, by whichever route. A replayed answer stores nothing. */
export default fp(async (app) => {
  app.decorateRequest('uploadCall', function (this: FastifyRequest, signal = this.callerGone): UploadCall {
    const { name: environment } = this.cloudinary.environment
    return {
      signal,
      onStored: ({ answer, sent, integrity }, failure) => {
        this.server.metrics?.stored(environment, failure ? 'failed' : integrity)
        if (integrity !== 'differs') return
        this.log.warn({
          environment,
          public_id: answer.public_id,
          resource_type: answer.resource_type,
          sent_bytes: sent.bytes,
          stored_bytes: answer.bytes,
          ...(sent.md5 !== undefined && { sent_md5: sent.md5, stored_etag: answer.etag })
        }, 'what Cloudinary stored differs from what was sent')
      }
    }
  })
}, { name: 'stored-files' })
