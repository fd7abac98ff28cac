import t from 'tap'
import { banner } from '../../src/commands/banner.ts'
import { loadConfig } from '../../src/config/config.ts'

t.test('banner', async (t) => {
  t.test('has three curl lines, with prefix and key where they are needed', async (t) => {
    const plain = banner(loadConfig({}), 'http://127.0.0.1:8080', 'http://127.0.0.1:8081')
    t.equal([...plain.matchAll(/^ {2}curl .*http:\/\/127\.0\.0\.1:8080\//gm)].length, 3)
    t.notMatch(plain, 'Authorization')
    const guarded = banner(loadConfig({ ROUTE_PREFIX: '/media', GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}` }), 'http://127.0.0.1:8080', 'http://127.0.0.1:8081')
    t.equal([...guarded.matchAll(/^ {2}curl -H "Authorization: Bearer \$KEY".*http:\/\/127\.0\.0\.1:8080\/media\//gm)].length, 3)
  })
})
