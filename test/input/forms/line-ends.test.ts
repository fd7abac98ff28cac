import t from 'tap'
import { withFormLineEnds, withoutFormLineEnds } from '../../../src/input/forms/line-ends.ts'

t.test('line ends are those of forms, as FormData itself writes them', async (t) => {
  for (const text of ['', 'one', 'a\nb', 'a\rb', 'a\r\nb', '\n\r\n\r', 'a\n\nb']) {
    const form = new FormData()
    form.append('a', text)
    const sent = await new Response(form).text()
    t.ok(sent.includes(`\r\n\r\n${withFormLineEnds(text)}\r\n--`), JSON.stringify(text))
  }
})

t.test('and can be read as they were before', async (t) => {
  t.equal(withoutFormLineEnds('a\r\nb\r\n'), 'a\nb\n')
  t.equal(withoutFormLineEnds('a\nb'), 'a\nb')
})
