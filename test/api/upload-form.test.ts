import t from 'tap'
import { textFields, uploadForm } from '../../src/api/upload-form.ts'

t.test('textFields writes lists and objects as JSON, and leaves out what has no value', async (t) => {
  const empty = { none: undefined, nil: null }
  const lists = { tags: ['a,b', 'c'], context: { alt: 'x=|y' } }
  const fields = { folder: 'a', version: 1, overwrite: false, ...lists, ...empty }
  t.same(textFields(fields), [
    ['folder', 'a'],
    ['version', '1'],
    ['overwrite', 'false'],
    ['tags', '["a,b","c"]'],
    ['context', '{"alt":"x=|y"}']
  ])
})

t.test('uploadForm', async (t) => {
  const formOf = (source: Parameters<typeof uploadForm>[0]) =>
    uploadForm(source, { folder: 'f' }).body as FormData
  t.test('sends text as a field', async (t) => {
    t.same([...formOf('https://x/a')], [['folder', 'f'], ['file', 'https://x/a']])
  })

  t.test('gives a Blob a name, and leaves a File its own', async (t) => {
    t.equal((formOf(new Blob(['a'])).get('file') as File).name, 'file')
    t.equal((formOf(new File(['a'], 'cat.txt')).get('file') as File).name, 'cat.txt')
  })

  t.test('asks a stream for a form of its own', async (t) => {
    const body = new FormData()
    const onProgress = () => {}
    const form = (...given: unknown[]) => ({ body, headers: { given: JSON.stringify(given) } })
    t.same(uploadForm({ replayable: false, form }, { a: 1 }, onProgress), {
      body, headers: { given: '[{"a":1},null]' }
    })
  })
})
