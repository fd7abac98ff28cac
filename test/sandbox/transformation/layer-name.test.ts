import t from 'tap'
import { parseDeliveryPath } from '../../../src/sandbox/delivery/path.ts'
import { parseLayer } from '../../../src/sandbox/transformation/layer-name.ts'

/** The text that a layer of a delivery URL draws. */
function drawn (layer: string): string | undefined {
  const value = parseDeliveryPath(`/demo/image/upload/${layer}/v1/a`)?.components[0]?.slice('l_'.length) ?? ''
  const name = parseLayer(value)
  return name.kind === 'text' ? name.text : undefined
}

t.test('texts: what came escaped twice is decoded, beside percent signs that escape nothing', async (t) => {
  const cases: [string, string][] = [
    ['l_text:Arial_18_bold:Hi%252C%20you%252Fme%20%26%2050%25', 'Hi, you/me & 50%'],
    ['l_text:Arial_18:100%25%252C%20caf%25C3%25A9', '100%, café'],
    ['l_text:Arial_18:50%2525', '50%'],
    ['l_text:Arial_18:%25FF%20and%20%25zz', '%FF and %zz']
  ]
  for (const [layer, text] of cases) t.equal(drawn(layer), text, layer)
})
