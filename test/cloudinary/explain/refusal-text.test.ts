import t from 'tap'
import { readRefusal } from '../../../src/cloudinary/explain/refusal-text.ts'

const known = new Set(['folder', 'notification_url', 'public_id', 'tags', 'timestamp'])
const refusal = (string: string, signature = 'abc123') => `Invalid Signature ${signature}. String to sign - '${string}'.`

t.test('signature and fields are read out of Cloudinary\'s words', async (t) => {
  t.same(readRefusal(refusal('folder=a/b&tags=x,y&timestamp=1'), known), { signature: 'abc123', fields: { folder: 'a/b', tags: 'x,y', timestamp: '1' } })
  t.same(readRefusal(`{"error":{"message":"${refusal('timestamp=1')}"}}`, known), { signature: 'abc123', fields: { timestamp: '1' } })
  t.same(readRefusal(refusal("public_id=it's&timestamp=1"), known)?.fields, { public_id: "it's", timestamp: '1' })
  t.same(readRefusal(refusal(''), known)?.fields, {})
})

t.test('a "&" inside a value does not end it', async (t) => {
  t.same(readRefusal(refusal('notification_url=https://e.com/?a=1&b=2&folder=x&public_id=p&timestamp=1'), known)?.fields,
    { notification_url: 'https://e.com/?a=1&b=2&folder=x', public_id: 'p', timestamp: '1' }, 'names come sorted, so folder cannot follow')
  t.same(readRefusal(refusal('public_id=a&b&timestamp=1'), known)?.fields, { public_id: 'a&b', timestamp: '1' })
  t.same(readRefusal(refusal('made_up=1&timestamp=1'), known)?.fields, { timestamp: '1' })
})

t.test('other texts are none', async (t) => {
  for (const text of ['', 'Stale request - reported time is ...', 'Invalid Signature', 'String to sign - \'a\'']) t.equal(readRefusal(text, known), undefined, text)
})
