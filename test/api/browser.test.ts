import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import { GatewayClient } from '../../src/api/browser.ts'
import * as node from '../../src/api/index.ts'

const bundle = async (entry: string): Promise<Uint8Array> => {
  const forBrowsers = {
    bundle: true, minify: true, format: 'esm', platform: 'browser', write: false
  } as const
  const made = await build({ entryPoints: [entry], ...forBrowsers })
  t.same(made.warnings, [])
  return made.outputFiles[0]?.contents ?? new Uint8Array()
}

t.test('the client for browsers', async (t) => {
  t.test('has fewer than 5000 bytes, gzipped, with all that it imports', async (t) => {
    const bytes = gzipSync(await bundle('src/api/browser.ts')).length
    t.ok(bytes > 1000 && bytes < 5000, `${bytes} bytes`)
  })

  t.test('can be bundled as it is for Node, too', async (t) => {
    t.notMatch(Buffer.from(await bundle('src/api/index.ts')).toString(), /import\(|from"node:|require\(/)
  })

  t.test('exports the same names', async (t) => {
    t.same(Object.keys(await import('../../src/api/browser.ts')).sort(), Object.keys(node).sort())
    await t.rejects(new GatewayClient({ url: 'http://127.0.0.1:1' }).upload({ path: 'a.jpg' }), TypeError)
  })
})
