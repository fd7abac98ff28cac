import type { FastifyReply } from 'fastify'
import type { CloudSettings } from '../clouds.ts'
import type { SandboxContext } from '../context.ts'
import { callFrom, type Call } from '../api/call.ts'
import { Fields } from '../api/fields.ts'
import { notifyUpload } from '../notifications/events.ts'
import { answerAgain } from './derive/derivation.ts'
import { keepPromise, type PendingEager } from './derive/eager-later.ts'
import { performPending, type PendingExplicit } from './explicit.ts'
import { storePending, type PendingUpload } from './upload.ts'

/** Goes on with what an earlier process has answered with `pending` or `processing`. */
export function resumePending (context: SandboxContext): void {
  for (const cloud of context.clouds.values()) {
    const store = context.store.cloud(cloud.cloudName)
    const work = [
      ...store.documents<PendingUpload>('pending_upload').map(([batch, upload]) => resumeUpload(laterCall(context, cloud, 'upload', upload.wanted, upload.fields), batch, upload)),
      ...store.documents<PendingExplicit>('pending_explicit').sort(([, one], [, other]) => one.askedMs - other.askedMs)
        .map(([name, change]) => performPending(laterCall(context, cloud, 'explicit', change.pending.resource_type, change.fields), name, change)),
      ...store.documents<PendingEager>('pending_eager').map(([name, value]) => keepPromise(laterCall(context, cloud, 'upload', 'image', value.fields), { kind: 'pending_eager', name, value }))
    ]
    for (const one of work) context.background.add(one)
  }
}

async function resumeUpload (call: Call, batch: string, upload: PendingUpload): Promise<void> {
  const record = [...call.store.all()].find(({ blob }) => blob === upload.blob)
  // The process may have ended when all was done but the noting of it. Better told twice than never.
  if (record) notifyUpload(call, call.fields, await answerAgain(call, record, call.fields))
  else if (await call.context.blobs.stat(upload.blob)) return storePending(call, batch, upload)
  await call.store.removeDocument('pending_upload', batch)
}

/** The call as it was, but for those who wait for its answer. */
function laterCall (context: SandboxContext, cloud: CloudSettings, method: string, resourceType: string, kept: Record<string, unknown>): Call {
  const fields = new Fields()
  fields.assign(kept)
  // Nobody is answered any more, and of an answer that has gone out nothing else is looked at.
  const reply = { sent: true } as FastifyReply
  return callFrom(context, cloud, { method: 'POST', path: `${resourceType}/${method}`, params: { rt: resourceType }, fields, unsigned: false, reply })
}
