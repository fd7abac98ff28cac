import { openSync, ftruncateSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { GatewayClient } from '../../src/api/index.ts'
import { startGateway } from '../support/gateway.ts'

t.test('GatewayClient', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const gateway = new GatewayClient({ url })
  const raw = { resource_type: 'raw' } as const
  const folder = t.testdir({ 'cat.txt': 'miaow' })
  const path = join(folder, 'cat.txt')

  t.test('uploads a file by its path, a stream, and what browsers can send', async (t) => {
    const progress: unknown[] = []
    const onProgress = (...sent: unknown[]) => { progress.push(sent) }
    t.match(
      await gateway.upload({ path }, { ...raw, use_filename: true, unique_filename: false }, { onProgress }),
      { public_id: 'cat.txt', bytes: 5 }
    )
    t.same(progress, [[5, 5]])
    t.match(
      await gateway.upload(Readable.from([Buffer.from('miaow')]), { ...raw, public_id: 'streamed' }),
      { bytes: 5 }
    )
    t.match(await gateway.upload(new Blob(['miaow']), { ...raw, public_id: 'blob' }), { bytes: 5 })
    const { fields } = await gateway.sign({ public_id: 'direct' })
    t.match(await gateway.directUpload({ path }, fields, raw), { public_id: 'direct', bytes: 5 })
    await t.rejects(gateway.upload({ path: folder }), TypeError)
  })

  t.test('gets the answer to a file that is refused before its end', async (t) => {
    const { url: strict } = await startGateway(t, { upload: { maxBytes: 1000 } })
    const large = openSync(join(folder, 'large'), 'w')
    ftruncateSync(large, 30_000_000)
    closeSync(large)
    const refused = new GatewayClient({ url: strict }).upload({ path: join(folder, 'large') }, raw)
    await t.rejects(refused, { name: 'GatewayProblem', code: 'payload_too_large' })
  })

  t.test('reads a file again for a second attempt, but not a stream', async (t) => {
    let count = 0
    const lossy = async (request: Request): Promise<Response> => {
      const answer = await fetch(request)
      if (count++ > 0) return answer
      await answer.text()
      throw new TypeError('lost')
    }
    const client = new GatewayClient({ url, fetch: lossy })
    const before = sandbox.requests.length
    t.match(
      await client.upload({ path }, { ...raw, public_id: 'once' }, { idempotencyKey: 'k1' }),
      { bytes: 5 }
    )
    t.equal(sandbox.requests.slice(before).filter(({ path }) => path.endsWith('/upload')).length, 1)
    count = 0
    const stream = Readable.from([Buffer.from('miaow')])
    await t.rejects(
      client.upload(stream, { ...raw, public_id: 'x' }, { idempotencyKey: 'k2' }),
      { name: 'GatewayUnreachable' }
    )
  })

  t.test('stops a file that nobody waits for any more', async (t) => {
    const controller = new AbortController()
    const ended = gateway.upload({ path: join(folder, 'large') }, raw, {
      signal: controller.signal,
      onProgress: () => { controller.abort(new Error('enough')) }
    })
    await t.rejects(ended, { message: 'enough' })
  })
})
