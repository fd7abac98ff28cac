import t from 'tap'
import {
  addressKind, isLocalHost, unmapped, addressKey, isLoopback, rangeFault
} from '../../src/net/addresses.ts'

/** First and last address of each range, and its neighbours outside. */
const RANGES: Array<[kind: string, first: string, last: string, before?: string | undefined, after?: string | undefined]> = [
  ['special', '0.0.0.0', '0.255.255.255', undefined, '1.0.0.0'],
  ['private', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['private', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['loopback', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['special', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['private', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['special', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['special', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['private', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['special', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['special', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['special', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['special', '224.0.0.0', '255.255.255.255', '223.255.255.255']
]

t.test('IPv4: both ends of each special range, and their neighbours', async (t) => {
  for (const [kind, first, last, before, after] of RANGES) {
    t.equal(addressKind(first), kind, first)
    t.equal(addressKind(last), kind, last)
    if (before) t.equal(addressKind(before), 'public', before)
    if (after) t.equal(addressKind(after), 'public', after)
  }
})

t.test('IPv6: only global unicast is public', async (t) => {
  for (const address of ['2606:4700:4700::1111', '2a00:1450::1', '3ffe::1', '[2606:4700::1]']) t.equal(addressKind(address), 'public', address)
  t.equal(addressKind('::1'), 'loopback')
  for (const address of ['fc00::', 'fdff::1']) t.equal(addressKind(address), 'private', address)
  for (const address of ['::', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', '2001:db8::1', '3fff::1', '100::1', '4000::1', 'e000::1', '5f00::1']) {
    t.equal(addressKind(address), 'special', address)
  }
})

t.test('IPv4 hidden in IPv6 is special, whatever it hides', async (t) => {
  for (const address of [
    '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', // mapped
    '::127.0.0.1', '::8.8.8.8', // compatible
    '64:ff9b::7f00:1', '64:ff9b:1::a00:1', // NAT64
    '2002:7f00:1::', '2002:808:808::1', // 6to4
    '2001:0:4136:e378:8000:63bf:3fff:fdd2', '::ffff:0:7f00:1' // Teredo, SIIT
  ]) t.equal(addressKind(address), 'special', address)
})

t.test('what is no address is special', async (t) => {
  for (const text of ['', 'example.com', '1.2.3', '0x7f.1', '010.0.0.1', '1.2.3.4.5']) t.equal(addressKind(text), 'special', text)
})

t.test('dual-stack sockets report mapped addresses', async (t) => {
  t.equal(unmapped('::ffff:10.0.0.1'), '10.0.0.1')
  t.equal(unmapped('10.0.0.1'), '10.0.0.1')
  t.equal(unmapped('2001:db8::1'), '2001:db8::1')
  t.equal(unmapped('no address'), 'no address')
})

t.test('names that only a local network knows', async (t) => {
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'metadata.google.internal', 'printer.local', 'db', 'nas.lan', 'router.home.arpa', '[::1]', '10.0.0.1', '[fe80::1]']) {
    t.equal(isLocalHost(host), true, host)
  }
  for (const host of ['example.com', 'example.com.', 'local.example.com', 'internal.io', '8.8.8.8', '[2606:4700::1]']) t.equal(isLocalHost(host), false, host)
})

t.test('addresses are told apart by subscriber', async (t) => {
  t.equal(addressKey('192.0.2.1'), '192.0.2.1')
  t.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  t.equal(addressKey('2001:db8:1:2::1'), '2001:db8:1:2::/64')
  t.equal(addressKey('2001:DB8::1'), '2001:db8:0:0::/64')
  t.equal(addressKey('2001:0db8:0:0:ffff::'), '2001:db8:0:0::/64')
  t.equal(addressKey('::1'), '0:0:0:0::/64')
  t.equal(addressKey('::'), '0:0:0:0::/64')
  t.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
  t.equal(addressKey('unix'), 'unix')
})

t.test('isLoopback', async (t) => {
  for (const host of ['127.0.0.1', '127.8.9.10', '::1', '[::1]', 'localhost', 'LOCALHOST']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', '128.0.0.1', 'localhost.example.com']) t.notOk(isLoopback(host), host)
})

t.test('rangeFault', async (t) => {
  for (const range of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '2001:db8::/128', '192.0.2.0/32']) t.equal(rangeFault(range), undefined, range)
  for (const range of ['', 'proxy', '10.0.0.0/8/8', 'true', '*', '10.0.0']) t.match(rangeFault(range), 'must list IP addresses', range)
  for (const range of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', '10.0.0.0/1e1']) t.match(rangeFault(range), 'whose size', range)
  for (const range of ['0.0.0.0/0', '::/0', '::/00']) t.equal(rangeFault(range), 'must not trust every address', range)
})
