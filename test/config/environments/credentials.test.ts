import t from 'tap'
import { credentialFaults, strayFault } from '../../../src/config/environments/credentials.ts'

t.test('strayFault', async (t) => {
  const bad: Record<string, string[]> = {
    'begins with a byte order mark': ['\uFEFFabc'],
    'has a quotation mark in it': ['"abc"', '\'abc\'', '`abc`', '\u201Cabc\u201D'],
    'has a line end in it': ['abc\n', 'a\r\nb'],
    'has a blank or an invisible character in it': [' abc', 'abc ', 'a\tb', 'a\u00A0b', 'a\u200Bb', 'a\u0000b'],
    'still holds a placeholder': ['<your_api_secret>', '$' + '{SECRET}', '{{secret}}']
  }
  for (const [reason, texts] of Object.entries(bad)) {
    for (const text of texts) t.equal(strayFault(text), reason, JSON.stringify(text))
  }
  for (const text of ['abcd', 'AbC-dEf_123', '123456789012345', 'cloudinary://k:s@demo?auth_token[key]=x']) t.equal(strayFault(text), undefined, text)
})

t.test('credentialFaults', async (t) => {
  const good = { cloudName: 'demo', apiKey: '123456789012345', apiSecret: 'abcdEFGH-ijkl_mnop' }
  t.same(credentialFaults(good), [])
  t.same(credentialFaults({ cloudName: 'my-cloud_2', apiKey: '1234', apiSecret: 'abcd' }), [])
  t.match(credentialFaults({ ...good, cloudName: 'demo.example' }), [{ part: 'cloudName' }])
  t.match(credentialFaults({ ...good, cloudName: '../../x' }), [{ part: 'cloudName' }])
  t.match(credentialFaults({ ...good, apiKey: 'a:b' }), [{ part: 'apiKey' }])
  t.match(credentialFaults({ ...good, apiSecret: '999999999999999' }), [{ part: 'apiSecret', reason: /looks like an API key/ }])
  t.match(credentialFaults({ ...good, apiKey: 'same', apiSecret: 'same' }), [{ part: 'apiSecret', reason: /same as the API key/ }])
  t.equal(credentialFaults({ cloudName: '', apiKey: '/', apiSecret: '/' }).length, 3)
})
