import t from 'tap'
import { accountOf } from '../../../src/cloudinary/wire/account.ts'
import { Secret } from '../../../src/secret.ts'
import { environmentAt } from '../../support/gateway.ts'

const HOST = 'https://api.cloudinary.com'

t.test('one account has one name, however its host is written and whoever calls', async (t) => {
  const name = accountOf({ uploadPrefix: HOST, cloudName: 'demo' })
  t.equal(name, 'https://api.cloudinary.com/demo')
  for (const uploadPrefix of ['https://api.cloudinary.com/', 'https://API.Cloudinary.com', 'https://api.cloudinary.com:443']) {
    t.equal(accountOf({ uploadPrefix, cloudName: 'demo' }), name, uploadPrefix)
  }
  const rotated = environmentAt(HOST, { name: 'staging', apiKey: '99', apiSecret: new Secret('rotated') })
  t.equal(accountOf(rotated), name, 'neither the key nor the environment is part of it')
})

t.test('two accounts have two names', async (t) => {
  const accounts = [
    [HOST, 'demo'],
    [HOST, 'other'],
    [HOST, 'Demo'],
    ['https://api-eu.cloudinary.com', 'demo'],
    ['https://api.cloudinary.com:8443', 'demo'],
    ['http://127.0.0.1:8081', 'demo'],
    ['https://proxy.example/one', 'demo'],
    ['https://proxy.example/two', 'demo'],
    ['https://proxy.example', 'one/demo']
  ] as const
  const names = accounts.map(([uploadPrefix, cloudName]) => accountOf({ uploadPrefix, cloudName }))
  t.equal(new Set(names).size, accounts.length, names.join())
})
