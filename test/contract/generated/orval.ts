import {
  deleteResource, directUpload, generateSignature, getAllResources, getResourceById, getSignedUrl, getUrl,
  updateResource, uploadRemoteResource, uploadResource
} from './made/orval.ts'
import { FILE, ID, report } from './shared.ts'

const uploaded = await uploadResource({ file: FILE, public_id: ID })
const remote = await uploadRemoteResource({ file: 'data:text/plain;base64,aGVsbG8=', public_id: 'note', resource_type: 'raw' })
const url = await getUrl({ public_id: ID, transformation: { width: 20, crop: 'fill' } })
const list = await getAllResources({ prefix: 'cats/' })
const got = await getResourceById(ID)
const updated = await updateResource(ID, { tags: ['grey'] })
const link = await getSignedUrl({ public_id: ID, type: 'upload' })
const signed = await generateSignature({ public_id: 'direct' })
if (signed.status !== 200) throw new Error('no signature')
const { timestamp = '', signature = '', ...fields } = signed.data.fields
const direct = await directUpload({ file: FILE, timestamp, signature, ...fields })
const deleted = await deleteResource(ID)
const absent = await getResourceById(ID)

report({
  uploaded: uploaded.status === 200 ? uploaded.data.bytes : undefined,
  bytes: undefined, // it writes one kind of body for each operation
  remote: remote.status === 200 ? remote.data.bytes : undefined,
  url: url.status === 200 ? url.data.transformation : undefined,
  list: list.status === 200 ? list.data.resources.map((asset) => asset.public_id) : undefined,
  got: got.status === 200 ? got.data.public_id : undefined,
  updated: updated.status === 200 ? updated.data['tags'] : undefined,
  link: link.status === 200 ? link.data.url : undefined,
  direct: direct.status === 200 ? direct.data.bytes : undefined,
  deleted: deleted.status === 200 ? deleted.data.result : undefined,
  absent: absent.status === 404 ? absent.data.code : undefined
})
