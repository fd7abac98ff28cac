import type { Clouds, CloudSettings } from '../clouds.ts'
import { callFrom, UNREAD_REPLY, type Call, type Surroundings } from '../api/call.ts'
import { Fields } from '../api/fields.ts'
import { notifyUpload } from '../notifications/events.ts'
import { answerAgain } from './answer.ts'
import { keepPromise, type PendingEager } from './derive/eager-later.ts'
import { performPending, type PendingExplicit } from './explicit.ts'
import { storePending, type PendingUpload, type UploadServices } from './upload.ts'

/** What is gone on with, of which clouds. */
export interface PendingServices extends Omit<UploadServices, 'store'>, Surroundings {
  readonly clouds: Clouds
}

/** Goes on with what an earlier process has answered with `pending` or `processing`. */
export function resumePending (services: PendingServices): void {
  for (const cloud of services.clouds.values()) {
    const store = services.store.cloud(cloud.cloudName)
    const work = [
      ...store.documents<PendingUpload>('pending_upload').map(([batch, upload]) => {
        const call = laterCall(services, cloud, `${upload.wanted}/upload`, upload.fields)
        return resumeUpload(call, services, batch, upload)
      }),
      ...store.documents<PendingExplicit>('pending_explicit').sort(([, one], [, other]) => one.askedMs - other.askedMs)
        .map(([name, change]) => {
          const call = laterCall(services, cloud, `${change.pending.resource_type}/explicit`, change.fields)
          return performPending(call, services, name, change)
        }),
      ...store.documents<PendingEager>('pending_eager').map(([name, value]) => {
        const call = laterCall(services, cloud, 'image/upload', value.fields)
        return keepPromise(call, services, { kind: 'pending_eager', name, value })
      })
    ]
    for (const one of work) services.background.add(one)
  }
}

async function resumeUpload (
  call: Call, services: UploadServices, batch: string, upload: PendingUpload
): Promise<void> {
  const record = call.store.assets.findByBlob(upload.blob)
  // The process may have ended when all was done but the noting of it. Better told twice than never.
  if (record) notifyUpload(services.notifier, call, await answerAgain(call, services, record, call.fields))
  else if (await services.blobs.stat(upload.blob)) return storePending(call, services, batch, upload)
  await call.store.removeDocument('pending_upload', batch)
}

/** The call as it was, but for those who wait for its answer. */
function laterCall (
  surroundings: Surroundings, cloud: CloudSettings, path: string, kept: Record<string, unknown>
): Call {
  const fields = new Fields()
  fields.assign(kept)
  const [rt = ''] = path.split('/')
  const params = { rt }
  const given = { method: 'POST', path, params, fields, unsigned: false, reply: UNREAD_REPLY }
  return callFrom(surroundings, cloud, given)
}
