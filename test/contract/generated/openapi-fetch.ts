import createClient from 'openapi-fetch'
import type { paths } from './made/openapi.ts'
import { FILE, GATEWAY, ID, report } from './shared.ts'

const client = createClient<paths>({ baseUrl: GATEWAY })
const path = { public_id: ID }
/** Forms as the generator of the types describes them: a file is text there, so the form is written by hand. */
const form = (fields: Readonly<Record<string, string>>) => (): FormData => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  data.append('file', FILE, 'cat.png')
  return data
}

/** A list may also be asked for as lines, so the type of the answer is one of two. */
function pageOf<T> (answer: T | undefined) {
  return typeof answer === 'object' && answer !== null && 'resources' in answer ? answer : undefined
}

const uploaded = await client.POST('/upload', {
  body: { file: '', public_id: ID }, bodySerializer: form({ public_id: ID })
})
const bytes = await client.POST('/upload', {
  params: { query: { public_id: 'bytes' } },
  body: '',
  bodySerializer: () => FILE,
  headers: { 'Content-Type': 'image/png' }
})
const remote = await client.POST('/upload/remote', { body: { file: 'data:text/plain;base64,aGVsbG8=', public_id: 'note', resource_type: 'raw' } })
const url = await client.GET('/url', { params: { query: { public_id: ID, transformation: { width: 20, crop: 'fill' } } } })
const list = await client.GET('/resources', { params: { query: { prefix: 'cats/' } } })
const got = await client.GET('/resources/{public_id}', { params: { path } })
const updated = await client.PATCH('/resources/{public_id}', { params: { path }, body: { tags: ['grey'] } })
const link = await client.GET('/signed-url', { params: { query: { public_id: ID, type: 'upload' } } })
const signed = await client.POST('/signature', { body: { public_id: 'direct' } })
const { fields, timestamp = '', signature = '' } = { fields: signed.data?.fields ?? {}, ...signed.data?.fields }
const direct = await client.POST('/direct-upload', {
  body: { file: '', timestamp, signature }, bodySerializer: form(fields)
})
const deleted = await client.DELETE('/resources/{public_id}', { params: { path } })
const absent = await client.GET('/resources/{public_id}', { params: { path } })

report({
  uploaded: uploaded.data?.bytes,
  bytes: bytes.data?.bytes,
  remote: remote.data?.bytes,
  url: url.data?.transformation,
  list: pageOf(list.data)?.resources.map((asset) => asset.public_id),
  got: got.data?.public_id,
  updated: updated.data?.['tags'],
  link: link.data?.url,
  direct: direct.data?.bytes,
  deleted: deleted.data?.result,
  absent: absent.error?.code
})
