import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { isSvg, plainSvg } from '../../src/sandbox/svg.ts'
import { drawings } from '../support/real-files.ts'
import { rounds, seed } from '../support/rounds.ts'

const NS = 'xmlns="http://www.w3.org/2000/svg"'
const is = (text: string) => isSvg(Buffer.from(text))

t.test('the first element decides, whatever stands before it', async (t) => {
  for (const [name, { bytes }] of Object.entries(drawings())) t.equal(isSvg(bytes), true, name)
  for (const text of [`<svg ${NS}>`, '<svg>', '<svg/>', `<svg\n\t${NS} >`, `\n<!-- <html> --><svg ${NS}/>`, '<a:svg b="1" xmlns:a="http://www.w3.org/2000/svg"/>']) t.equal(is(text), true, text)
  for (const text of ['<html/>', '<svgs/>', '<SVG/>', '<html><svg/></html>', '<!-- <svg/> --><html/>', '<!DOCTYPE html><html/>', '<svg xmlns="http://example.com/"/>', '<a:svg/>',
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "<svg/>">]><x/>', 'text <svg/>']) t.equal(is(text), false, text)
})

t.test('undefined while the first element has not come to its end', async (t) => {
  for (const text of ['', '  ', '<', '<!', '<!--', '<!-- a', '<?xml', '<?xml version="1.0"?>', '<!DOCTYPE svg', '<!DOCTYPE svg [', '<!DOCTYPE svg [<!ENTITY a "]>', '<a:svg', '<a:svg xmlns:b="c" ']) t.equal(is(text), undefined, text)
})

t.test('no beginning of anything is too much', async (t) => {
  const piece = fc.constantFrom('<', '!', '--', '>', '?', '[', ']', '"', '\'', '<!--', '-->', '<!DOCTYPE', '<?', '?>', '<svg', ' xmlns="', '=', ' a', '/', '\u0000', '\uFEFF', 'é', '&x;')
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const bytes = Buffer.from(pieces.join(''))
    if (![true, false, undefined].includes(isSvg(bytes))) throw new Error('neither yes, no nor not yet')
    plainSvg(bytes)
    isSvg(Buffer.from(pieces.join(''), 'utf16le'))
  }), { numRuns: rounds(2000), seed: seed(11) })
  for (const text of ['<!--'.repeat(500_000), '<!---->'.repeat(300_000), '<!DOCTYPE x ['.repeat(200_000), '<!DOCTYPE x "'.repeat(200_001), `<svg${' a="b"'.repeat(300_000)}`, '<?'.repeat(1_000_000), ' '.repeat(3_000_000)]) {
    t.not(is(text), true, text.slice(0, 20))
  }
})

t.test('nothing outside is asked for, nothing grows: hostile drawings are refused or drawn without it', async (t) => {
  let connections = 0
  const canary = createServer((_request, response) => { response.end('<!ENTITY y "secret">') }).on('connection', () => { connections++ })
  await new Promise<void>((resolve) => { canary.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => canary.close())
  const outside = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/x` // a TCP server
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const box = `${NS} width="10" height="10"`
  const hostile: Readonly<Record<string, string>> = {
    'an entity that is a file': `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg ${box}><text y="9">&x;</text></svg>`,
    'an entity elsewhere': `<!DOCTYPE svg [<!ENTITY x SYSTEM "${outside}">]><svg ${box}><text y="9">&x;</text></svg>`,
    'a parameter entity elsewhere': `<!DOCTYPE svg [<!ENTITY % p SYSTEM "${outside}"> %p;]><svg ${box}><text y="9">&y;</text></svg>`,
    'a document type elsewhere': `<!DOCTYPE svg SYSTEM "${outside}"><svg ${box}/>`,
    'a style sheet elsewhere': `<?xml-stylesheet href="${outside}"?><svg ${box}><image href="${outside}" width="10" height="10"/></svg>`,
    'one long entity, many times': `<!DOCTYPE svg [<!ENTITY a "${'x'.repeat(100_000)}">]><svg ${box}><desc>${'&a;'.repeat(50_000)}</desc></svg>`,
    'an entity of itself': `<!DOCTYPE svg [<!ENTITY a "&b;"><!ENTITY b "&a;">]><svg ${box}><text>&a;</text></svg>`
  }
  for (const [name, text] of Object.entries(hostile)) {
    const form = new FormData()
    form.set('public_id', 'hostile')
    form.set('file', new Blob([text]), 'x.svg')
    const answer = await fetch(`${sandbox.url}/v1_1/demo/image/upload`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: form })
    t.ok([200, 400].includes(answer.status), `${name}: ${answer.status}`)
    t.notMatch(await answer.text(), 'General Error')
    if (answer.status === 400) continue
    const drawn = await fetch(`${sandbox.url}/demo/image/upload/w_10/v1/hostile.png`)
    const pixels = await sharp(Buffer.from(await drawn.arrayBuffer())).ensureAlpha().raw().toBuffer()
    t.ok(pixels.every((value) => value === 0), `${name}: nothing of it is drawn`)
  }
  t.equal(connections, 0)
})
