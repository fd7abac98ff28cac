import type { FastifyReply } from 'fastify'
import type { CloudSettings } from '../clouds.ts'
import type { SandboxContext } from '../context.ts'
import { callFrom, type Call } from '../http/call.ts'
import { Fields } from '../http/fields.ts'
import { notifyUpload } from '../notifications/events.ts'
import { uploadAnswer } from './answer.ts'
import { storePending, type PendingUpload } from './upload.ts'

/** Goes on with what an earlier process has answered with `pending`. */
export function resumePending (context: SandboxContext): void {
  for (const cloud of context.clouds.values()) {
    for (const [batch, upload] of context.store.cloud(cloud.cloudName).documents<PendingUpload>('pending_upload')) {
      context.background.add(resume(laterCall(context, cloud, upload), batch, upload))
    }
  }
}

async function resume (call: Call, batch: string, upload: PendingUpload): Promise<void> {
  const record = [...call.store.all()].find(({ blob }) => blob === upload.blob)
  // The process may have ended when all was done but the noting of it. Better told twice than never.
  if (record) notifyUpload(call, call.fields, await uploadAnswer(call, record, call.fields))
  else if (await call.context.blobs.stat(upload.blob)) return storePending(call, batch, upload)
  await call.store.removeDocument('pending_upload', batch)
}

/** The call as it was, but for those who wait for its answer. */
function laterCall (context: SandboxContext, cloud: CloudSettings, { wanted, fields: kept }: PendingUpload): Call {
  const fields = new Fields()
  fields.assign(kept)
  // Nobody is answered any more, and of an answer that has gone out nothing else is looked at.
  const reply = { sent: true } as FastifyReply
  return callFrom(context, cloud, { method: 'POST', path: `${wanted}/upload`, params: { rt: wanted }, fields, unsigned: false, reply })
}
