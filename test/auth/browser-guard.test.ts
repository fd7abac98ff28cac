import t from 'tap'
import { foreignPage } from '../../src/auth/browser-guard.ts'

const nobody = () => false

t.test('programs and the gateway\'s own pages pass', async (t) => {
  for (const host of ['localhost:8080', 'LOCALHOST', '127.0.0.1:8080', '[::1]:8080', 'gateway.localhost', '10.1.2.3', 'sidecar', undefined]) t.equal(foreignPage({ host, origin: undefined }, true, nobody), undefined, String(host))
  t.equal(foreignPage({ host: 'localhost:8080', origin: 'http://localhost:8080' }, true, nobody), undefined)
  t.equal(foreignPage({ host: 'Media.Example.com', origin: 'https://media.example.com' }, false, nobody), undefined)
})

t.test('pages of other origins do not: they could send forms', async (t) => {
  for (const origin of ['https://evil.com', 'null', 'http://localhost:3000', 'http://127.0.0.1:8080', 'file://', 'https://localhost:8080.evil.com']) {
    t.match(foreignPage({ host: 'localhost:8080', origin }, true, nobody), /other origins/, origin)
    t.match(foreignPage({ host: 'localhost:8080', origin }, false, nobody), /other origins/, origin)
  }
  t.equal(foreignPage({ host: 'localhost:8080', origin: 'https://shop.example' }, true, (origin) => origin === 'https://shop.example'), undefined, 'unless they are listed')
})

t.test('on loopback no other name is answered to: it would be a name that somebody made resolve to it', async (t) => {
  for (const host of ['evil.com', 'evil.com:8080', 'localhost.evil.com', 'evil.localhost.']) t.match(foreignPage({ host, origin: undefined }, true, nobody), /not as/, host)
  t.equal(foreignPage({ host: 'evil.com', origin: undefined }, false, nobody), undefined, 'AUTH=none means it')
  t.equal(foreignPage({ host: 'media.example.com', origin: undefined }, true, (origin) => origin === 'https://media.example.com'), undefined, 'a proxy in front, listed')
})
