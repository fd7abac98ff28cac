import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { reloadCredentials } from '../../src/commands/reloading.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox } from '../../src/sandbox/index.ts'

const POLL_MS = 20

async function start (t: Test, further: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'reload-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }, { cloudName: 'other', apiKey: '5678', apiSecret: 'efgh' }] })
  t.teardown(() => sandbox.close())
  const file = join(folder, 'url')
  writeFileSync(file, sandbox.cloudinaryUrl('demo'))
  const variables = { CLOUDINARY_URL_FILE: file }
  const lines: Array<Record<string, unknown>> = []
  const logger = pino({}, { write: (line) => { lines.push(JSON.parse(line)) } })
  const app = await buildApp({ config: loadConfig({ ...variables, ...further }) })
  t.teardown(() => app.close())
  return { app, sandbox, file, variables, logger, lines }
}

/** Waits until `holds` does; the test's own timeout bounds it. */
async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(POLL_MS)
}

t.test('a changed file gives its credentials to the requests to come, and a bad one changes nothing', async (t) => {
  const { app, sandbox, file, variables, logger, lines } = await start(t, { METRICS_PORT: '0' })
  const learnt: string[] = []
  const { stop } = reloadCredentials(app, {
    variables,
    logger,
    sandboxUrl: undefined,
    mask: {
      learn: (environments) => {
        t.equal(app.cloudinary.get('production')?.environment.apiSecret.reveal(), learnt.at(-1) ?? 'abcd', 'the log learns them before anybody uses them')
        learnt.push(...environments.map(({ apiSecret }) => apiSecret.reveal()))
      }
    },
    pollMs: POLL_MS
  })
  t.teardown(stop)
  const told = (msg: RegExp): number => lines.filter((line) => msg.test(String(line['msg']))).length
  t.match((await app.inject('/environments')).json(), { environments: [{ cloud_name: 'demo', verified: true }] })

  writeFileSync(file, sandbox.cloudinaryUrl('other'))
  await until(() => told(/were reloaded/) === 1)
  t.match((await app.inject('/environments')).json(), { environments: [{ cloud_name: 'other', verified: true }] })

  writeFileSync(file, 'cloudinary://canary')
  await until(() => told(/cannot be used/) > 0)
  await sleep(5 * POLL_MS)
  t.equal(told(/cannot be used/), 1, 'told once')
  t.notMatch(JSON.stringify(lines), /canary/)
  t.match((await app.inject('/environments')).json(), { environments: [{ cloud_name: 'other', verified: true }] })

  writeFileSync(file, sandbox.cloudinaryUrl('other'))
  await until(() => told(/there again/) === 1)
  writeFileSync(file, sandbox.cloudinaryUrl('demo'))
  await until(() => told(/were reloaded/) === 2)
  stop()
  const text = await app.metrics?.text()
  t.match(text, /reloads_total\{what="credentials",outcome="loaded"\} 3\n/)
  t.match(text, /reloads_total\{what="credentials",outcome="failed"\} 1\n/)
  t.match(text, /reload_last_successful\{what="credentials"\} 1\n/)
  t.ok(learnt.includes('efgh'))
})

t.test('the embedded sandbox beside them stays', async (t) => {
  const { app, sandbox, variables, logger, lines } = await start(t)
  t.teardown(reloadCredentials(app, { variables: { ...variables, SANDBOX: 'on' }, logger, sandboxUrl: sandbox.url, pollMs: POLL_MS }).stop)
  await until(() => lines.length > 0)
  t.same(app.cloudinary.names(), ['production', 'sandbox'])
  t.same(lines[0]?.['environments'], ['sandbox'], 'and what has not changed is left alone')
})

t.test('without such files there is nothing to look at', async (t) => {
  const { app, logger } = await start(t)
  const { check, stop } = reloadCredentials(app, { variables: { CLOUDINARY_URL: 'x' }, logger, sandboxUrl: undefined })
  check()
  stop()
  t.same(app.cloudinary.names(), ['production'])
})
