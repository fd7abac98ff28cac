import t from 'tap'
import { banner } from '../../src/commands/banner.ts'
import { loadConfig } from '../../src/config/config.ts'

const GATEWAY = 'http://127.0.0.1:8080'
const SANDBOX = 'http://127.0.0.1:8081'

/** The lines that are to be copied. */
const shown = (text: string): string[] => text.split('\n').filter((line) => /^ {2}(?:curl|http)/.test(line))

t.test('banner', async (t) => {
  t.test('has the address of the documentation and one curl line', async (t) => {
    t.same(shown(banner(loadConfig({}), GATEWAY, SANDBOX)), [
      '  http://127.0.0.1:8080/docs',
      "  curl 'http://127.0.0.1:8080/url?public_id=sample&width=300&height=200&crop=fill'"
    ])
  })
  t.test('has the prefix and the key where they are needed', async (t) => {
    const config = loadConfig({ ROUTE_PREFIX: '/media', GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}` })
    t.same(shown(banner(config, GATEWAY, SANDBOX)), [
      '  http://127.0.0.1:8080/media/docs',
      '  curl -H "Authorization: Bearer $KEY" \'http://127.0.0.1:8080/media/url?public_id=sample&width=300&height=200&crop=fill\''
    ])
  })
})
