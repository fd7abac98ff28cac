import t from 'tap'
import { foreignPage, type BrowserRequest } from '../../../src/auth/callers/browser-guard.ts'

const nobody = () => false
const get = (headers: BrowserRequest['headers']): BrowserRequest => ({ method: 'GET', headers })

t.test('programs and the gateway\'s own pages pass', async (t) => {
  for (const host of ['localhost:8080', 'LOCALHOST', '127.0.0.1:8080', '[::1]:8080', 'gateway.localhost', '10.1.2.3', 'sidecar', undefined]) t.equal(foreignPage(get({ host, origin: undefined }), true, nobody), undefined, String(host))
  t.equal(foreignPage(get({ host: 'localhost:8080', origin: 'http://localhost:8080' }), true, nobody), undefined)
  t.equal(foreignPage(get({ host: 'Media.Example.com', origin: 'https://media.example.com' }), false, nobody), undefined)
})

t.test('pages of other origins do not: they could send forms', async (t) => {
  for (const origin of ['https://evil.com', 'null', 'http://localhost:3000', 'http://127.0.0.1:8080', 'file://', 'https://localhost:8080.evil.com']) {
    t.match(foreignPage(get({ host: 'localhost:8080', origin }), true, nobody), /other origins/, origin)
    t.match(foreignPage(get({ host: 'localhost:8080', origin }), false, nobody), /other origins/, origin)
  }
  t.equal(foreignPage(get({ host: 'localhost:8080', origin: 'https://shop.example' }), true, (origin) => origin === 'https://shop.example'), undefined, 'unless they are listed')
})

t.test('nor do they without an Origin, as pictures are asked for', async (t) => {
  const listed = (origin: string) => origin === 'https://shop.example'
  const from = (mode: string | undefined, dest: string | undefined, more: BrowserRequest['headers'] = {}, method = 'GET') =>
    foreignPage({ method, headers: { host: 'localhost:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, ...more } }, true, listed)
  for (const [mode, dest] of [['no-cors', 'image'], ['cors', 'empty'], ['navigate', 'iframe'], ['navigate', 'object'], ['no-cors', 'document'], [undefined, undefined]]) {
    t.match(from(mode, dest), /other origins/, `${mode} ${dest}`)
  }
  t.equal(from('navigate', 'document'), undefined, 'a person who follows a link')
  t.match(from('navigate', 'document', {}, 'POST'), /other origins/)
  t.match(from('navigate', 'document', { origin: 'null' }), /other origins/)
  for (const site of ['same-origin', 'same-site', 'none']) t.equal(from('no-cors', 'image', { 'sec-fetch-site': site }), undefined, site)
  t.equal(from('cors', 'empty', { origin: 'https://shop.example' }), undefined, 'a page that is listed may')
  t.equal(from('no-cors', 'image', { referer: 'https://shop.example/cart?id=1' }), undefined, 'and may show pictures')
  for (const referer of ['https://evil.com/?https://shop.example', 'https://shop.example.evil.com/', 'shop.example', '']) t.match(from('no-cors', 'image', { referer }), /other origins/, referer)
  t.match(from('cors', 'empty', { origin: 'http://localhost:8080' }), /other origins/, 'the browser knows best where a page is from')
})

t.test('on loopback no other name is answered to: it would be a name that somebody made resolve to it', async (t) => {
  for (const host of ['evil.com', 'evil.com:8080', 'localhost.evil.com', 'evil.localhost.']) t.match(foreignPage(get({ host, origin: undefined }), true, nobody), /not as/, host)
  t.equal(foreignPage(get({ host: 'evil.com', origin: undefined }), false, nobody), undefined, 'AUTH=none means it')
  t.equal(foreignPage(get({ host: 'media.example.com', origin: undefined }), true, (origin) => origin === 'https://media.example.com'), undefined, 'a proxy in front, listed')
})
