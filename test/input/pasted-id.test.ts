import t from 'tap'
import { pastedId } from '../../src/input/pasted-id.ts'

const place = (publicId: string, type = 'upload', kind = 'image') => ({ public_id: publicId, resource_type: kind, type })

t.test('delivery URLs, in every form that people paste', async (t) => {
  for (const [text, meant] of [
    ['https://res.cloudinary.com/demo/image/upload/v1700000000/cats/tom.jpg', place('cats/tom')],
    ['https:/res.cloudinary.com/demo/image/upload/cats/tom.jpg', place('cats/tom')],
    ['//res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg', place('cats/tom')],
    ['res.cloudinary.com/demo/image/upload/v1/tom', place('tom')],
    ['http://res.cloudinary.com/demo/video/authenticated/s--abcdefgh--/c_fill,w_200/e_sepia/v12/a/b.mp4?_a=x#y', place('a/b', 'authenticated', 'video')],
    ['https://demo-res.cloudinary.com/raw/private/s--abcdefgh--/docs/a%20b.txt', place('docs/a b.txt', 'private', 'raw')],
    ['https://localhost:8081/demo/image/upload/w_200/cats/tom.png', place('cats/tom')],
    ['https://res.cloudinary.com/demo/image/upload/w_200', place('w_200')],
    ['image/upload/v17/cats/tom.jpg', place('cats/tom')],
    ['https://res.cloudinary.com/demo/images/v1/cats/tom/a-grey-cat.jpg', place('cats/tom')],
    ['https://res.cloudinary.com/demo/files/cats/list/all.pdf', place('cats/list.pdf', 'upload', 'raw')],
    ['https://res.cloudinary.com/demo/images/tom', place('tom')],
    ['https://res.cloudinary.com/demo/image/upload/50%.jpg', place('50%')]
  ] as const) t.same(pastedId(text), { form: 'delivery URL', seen: 'a delivery URL', meant: [meant] }, text)
  for (const end of ['%2F', '', 's--abcdefgh--/']) t.same(pastedId(`https://res.cloudinary.com/demo/image/upload/${end}`)?.meant, [], 'without an ID in it')
})

t.test('versions and extensions', async (t) => {
  t.same(pastedId('v123/cats/tom'), { form: 'version', seen: 'a public ID with a version before it', meant: [{ public_id: 'cats/tom' }] })
  t.same(pastedId('v123/cats/tom.jpg')?.meant, [{ public_id: 'cats/tom' }, { public_id: 'cats/tom.jpg' }])
  t.same(pastedId('v123/doc.pdf', 'raw')?.meant, [{ public_id: 'doc.pdf' }])
  t.same(pastedId('cats/tom.JPEG'), { form: 'extension', seen: 'a public ID with a file extension', meant: [{ public_id: 'cats/tom' }] })
  t.same(pastedId('clip.mp4', 'auto')?.meant, [{ resource_type: 'video', public_id: 'clip' }, { public_id: 'clip' }], 'the kind that such a file is comes first')
})

t.test('asset IDs', async (t) => {
  t.same(pastedId('b5e6d2b39ba3e0869d67141ba7dba6cf'), { form: 'asset_id', seen: 'an asset_id', meant: [] })
})

t.test('ordinary public IDs look like nothing else', async (t) => {
  for (const id of ['cats/tom', 'tom', 'v1', 'v1x/a', 'a.b', 'mr. tom', 'image/tom', 'images/tom', 'B5E6D2B39BA3E0869D67141BA7DBA6CF', 'files/a/b', 'example.com/tom', 'c_fill/w_10']) {
    t.equal(pastedId(id), undefined, id)
  }
  t.equal(pastedId('report.pdf', 'raw'), undefined, 'raw files keep their extension')
})
