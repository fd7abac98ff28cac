import fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildSandbox } from '../../src/sandbox/app.ts'
import { Background } from '../../src/sandbox/background.ts'
import { addAsset } from '../../src/sandbox/add-asset.ts'
import { receiver } from '../support/receiver.ts'

t.test('settling waits for all work, also for what comes meanwhile; a failure keeps nothing back and is heard', async (t) => {
  const errors: unknown[] = []
  const background = new Background((error) => { errors.push(error) })
  const done: string[] = []
  background.add(Promise.reject(new Error('broken')))
  background.add((async () => {
    await new Promise((resolve) => setImmediate(resolve))
    background.add((async () => {
      await new Promise((resolve) => setImmediate(resolve))
      done.push('second')
    })())
    done.push('first')
  })())
  await background.settle()
  t.same(done, ['first', 'second'])
  t.match(errors, [{ message: 'broken' }])
  t.equal(errors.length, 1)
})

/** A sandbox, and what it writes into its log. */
async function start (t: Test) {
  const logged: { level: number, err?: { message: string } }[] = []
  const { log: logger } = fastify({ logger: { level: 'error', stream: { write: (line: string) => { logged.push(JSON.parse(line)) } } } })
  const { app, context } = await buildSandbox({ logger, allowPrivateFetch: true })
  t.teardown(() => app.close())
  const messages = () => logged.splice(0).map(({ err }) => err?.message)
  return {
    context,
    add: (publicId: string, fields: Record<string, unknown>) => addAsset(context, publicId, fields),
    messages
  }
}

t.test('what breaks after an answer is told as `General Error` only, and the log says what it was', async (t) => {
  const { heard, until, url } = await receiver(t)
  const { context, add, messages } = await start(t)
  context.renderer = { render: async () => { throw new Error('the renderer broke') } }
  await add('a', { eager: 'c_scale,w_2|w_3', eager_async: 'true', notification_url: url })
  await context.background.settle()
  t.same(messages(), ['the renderer broke', 'the renderer broke'])
  await add('b', { eager: 'c_scale,w_2', async: 'true', notification_url: url })
  await context.background.settle()
  t.same(messages(), ['the renderer broke'])
  await until(3)
  t.match(heard.filter((body) => body['notification_type'] !== 'upload').map((body) => body['eager'] ?? body['error']), [
    [{ status: 'failed', reason: 'General Error' }, { status: 'failed', reason: 'General Error' }], { message: 'General Error' }
  ])
})

t.test('a refusal after an answer is told, and no matter for the log', async (t) => {
  const { context, add, messages } = await start(t)
  await add('a', { eager: 'w_x', eager_async: 'true' })
  await add('b', { eager: 'w_x', async: 'true' })
  await context.background.settle()
  t.same(messages(), [])
})

t.test('a record that cannot be written after an answer is heard of in the log', async (t) => {
  const { url } = await receiver(t)
  const { context, add, messages } = await start(t)
  const store = context.store.cloud('demo')
  store.removeDocument = async (kind) => { throw new Error(`no space left for ${kind}`) }
  await add('a', { async: 'true', notification_url: url })
  await context.background.settle()
  await context.notifier.settle()
  t.same(messages().sort(), ['no space left for notification', 'no space left for pending_upload'])
})
