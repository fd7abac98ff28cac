import { client } from './made/hey/client.gen.ts'
import {
  deleteResource, directUpload, generateSignature, getAllResources, getResourceById, getSignedUrl, getUrl,
  updateResource, uploadRemoteResource, uploadResource
} from './made/hey/index.ts'
import { FILE, GATEWAY, ID, report } from './shared.ts'

client.setConfig({ baseUrl: GATEWAY })
const path = { public_id: ID }

const uploaded = await uploadResource({ body: { file: FILE, public_id: ID } })
const remote = await uploadRemoteResource({ body: { file: 'data:text/plain;base64,aGVsbG8=', public_id: 'note', resource_type: 'raw' } })
const url = await getUrl({ query: { public_id: ID, transformation: { width: 20, crop: 'fill' } } })
const list = await getAllResources({ query: { prefix: 'cats/' } })
const got = await getResourceById({ path })
const updated = await updateResource({ path, body: { tags: ['grey'] } })
const link = await getSignedUrl({ query: { public_id: ID, type: 'upload' } })
const signed = await generateSignature({ body: { public_id: 'direct' } })
const { timestamp = '', signature = '', ...fields } = signed.data?.fields ?? {}
const direct = await directUpload({ body: { file: FILE, timestamp, signature, ...fields } })
const deleted = await deleteResource({ path })
const absent = await getResourceById({ path })

report({
  uploaded: uploaded.data?.bytes,
  bytes: undefined, // it writes one kind of body for each operation
  remote: remote.data?.bytes,
  url: url.data?.transformation,
  list: list.data?.resources.map((asset) => asset.public_id),
  got: got.data?.public_id,
  updated: updated.data?.['tags'],
  link: link.data?.url,
  direct: direct.data?.bytes,
  deleted: deleted.data?.result,
  absent: absent.error?.code
})
