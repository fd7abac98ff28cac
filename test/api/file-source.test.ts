import t from 'tap'
import { openInBrowser } from '../../src/api/file-source.ts'

t.test('openInBrowser', async (t) => {
  t.test('takes URLs and data URIs as text', async (t) => {
    const texts = [
      'https://example.com/a.jpg', 'HTTP://x/', 'ftp://x/a', 's3://bucket/a', 'gs://bucket/a', 'data:,a'
    ]
    for (const text of texts) t.equal(openInBrowser(text), text)
    t.equal(openInBrowser(new URL('https://example.com/a.jpg')), 'https://example.com/a.jpg')
  })

  t.test('takes no other string for a path, which somebody else may have written', async (t) => {
    for (const text of ['/etc/passwd', 'a.jpg', '', 'javascript:alert(1)']) {
      t.throws(() => openInBrowser(text), TypeError)
    }
    t.throws(() => openInBrowser(new URL('file:///etc/passwd')), TypeError)
  })

  t.test('takes Blobs and bytes, and leaves streams and paths to others', async (t) => {
    const blob = new Blob(['a'])
    t.equal(openInBrowser(blob), blob)
    t.equal((openInBrowser(Buffer.from('abc')) as Blob).size, 3)
    t.equal(openInBrowser({ path: 'a.jpg' }), undefined)
    t.equal(openInBrowser({ stream: new Blob(['a']).stream() }), undefined)
  })
})
