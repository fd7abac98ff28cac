import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { UploadCall } from '../../cloudinary/client.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Makes the options of an upload for this request. The upload is aborted with `signal`, by default when the caller
     * goes away. Its result is counted, and logged when it differs from what was sent.
     */
    uploadCall (signal?: AbortSignal): UploadCall
  }
}

/** Counts and logs the results of uploads of all routes. A replayed answer stores nothing, so it is not counted. */
export default fp(async (app) => {
  app.decorateRequest('uploadCall', function (this: FastifyRequest, signal = this.callerGone): UploadCall {
    const { name: environment } = this.cloudinary.environment
    return {
      signal,
      owner: this.uploadOwner,
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
