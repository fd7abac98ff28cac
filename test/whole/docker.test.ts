import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/config.ts'
import { unknownVariables } from '../../src/config/unknown-variables.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { createMeters } from '../../src/plugins/operations/meters.ts'
import { ERRORS } from '../../src/errors.ts'
import { allowedByIgnoreFile, pairs, parseDockerfile, type Instruction } from '../support/dockerfile.ts'
import { startFlags } from '../support/start-flags.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

t.test('Dockerfile', async (t) => {
  const stages = parseDockerfile(read('Dockerfile'))
  const last = stages.at(-1)?.instructions ?? []
  const texts = (
    name: string, instructions: readonly Instruction[] = last
  ): string[] => instructions.filter((one) => one.name === name).map(({ text }) => text)

  t.test('copies what exists and what .dockerignore lets through, and that file lets nothing else through', async (t) => {
    const copied = stages.flatMap(({ instructions }) => instructions).filter(
      ({ name, flags }) => name === 'COPY' && flags['from'] === undefined
    ).flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
    t.same([...new Set(copied)].sort(), allowedByIgnoreFile(read('.dockerignore')).sort())
    // The contract is generated; everything else must be there before anything is run.
    for (const path of copied.filter((path) => path !== 'openapi.yaml')) {
      t.ok(
        existsSync(join(root, path)), path
      )
    }
  })

  t.test('the last image runs nothing while it is built, and as a numeric user that is not root when it is used', async (t) => {
    t.same(texts('RUN'), [])
    t.match(texts('USER'), [/^[1-9]\d*:[1-9]\d*$/])
  })

  t.test('holds the built code, the packages, the contract and the data folder', async (t) => {
    t.same(
      last.filter(({ name }) => name === 'COPY').map(
        ({ text }) => text.split(/\s+/).slice(0, -1).join(' ')
      ).sort(),
      ['/app/data', '/app/dist', '/app/node_modules', 'package.json openapi.yaml']
    )
    const packages = stages.find(({ name }) => name === 'packages')?.instructions ?? []
    t.same(texts('RUN', packages), ['npm ci --omit=dev'])
  })

  t.test('starts the program that package.json names, and asks it for its health', async (t) => {
    const { bin, scripts, version } = JSON.parse(read('package.json'))
    const program = bin['cloudinary-gateway']
    const [node, ...args] = JSON.parse(texts('ENTRYPOINT')[0] ?? '')
    t.equal(node, '/nodejs/bin/node')
    t.same(args, [...startFlags(scripts.start), `/app/${program}`], 'with the flags of npm start')
    t.same(
      JSON.parse((texts('HEALTHCHECK')[0] ?? '').replace(/^.*CMD /, '')), [node, `/app/${program}`, 'health']
    )
    t.ok(texts('ARG').includes(`VERSION=${version}`), 'its version is that of the package')
    t.match(
      pairs(texts('LABEL')[0] ?? ''),
      { 'org.opencontainers.image.title': 'cloudinary-gateway', 'org.opencontainers.image.licenses': 'MIT' }
    )
  })

  t.test('refuses to start without credentials and keys; takes AUTH=none and the sandbox when both are asked for', async (t) => {
    const environment = pairs(texts('ENV')[0] ?? '')
    t.throws(
      () => loadConfig(environment), { message: /CLOUDINARY_URL is missing.*\n.*HOST lets other machines in/ }
    )
    t.match(loadConfig({ ...environment, SANDBOX: 'on', AUTH: 'none' }), { shutdownDrainSeconds: 5 })
    t.match(
      loadConfig({ ...environment, SANDBOX: 'on', AUTH: 'none' }),
      { host: '0.0.0.0', production: true, sandbox: { start: true, data: '/data' } }
    )
  })
})

t.test('docker/compose.yaml', async (t) => {
  const { services, secrets, volumes } = parse(read('docker/compose.yaml'), { merge: true })
  const image = pairs(
    parseDockerfile(read('Dockerfile')).at(-1)?.instructions.find(({ name }) => name === 'ENV')?.text ?? ''
  )
  const files: Record<string, string> = {
    '/run/secrets/cloudinary_url': 'cloudinary://1:one@demo',
    '/run/secrets/gateway_keys': `web=sha256:${'a'.repeat(64)}`
  }

  for (const name of ['sandbox', 'gateway', 'sidecar']) {
    t.test(`${name} starts with the variables it is given`, async (t) => {
      const service = services[name]
      t.same(service.profiles, [name])
      const entries = Object.entries<string>(service.environment)
      const given = Object.fromEntries(entries.map(([variable, value]) => [
        variable, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')
      ]))
      t.same(unknownVariables(Object.keys(given)), [])
      t.equal(
        loadConfig({ ...image, ...given }, { readFile: (path) => files[path] ?? '' }).auth.mode,
        { sandbox: 'none', gateway: 'keys', sidecar: 'loopback' }[name]
      )
      const { shutdownDrainSeconds, shutdownGraceSeconds } = loadConfig(
        { ...image, ...given }, { readFile: (path) => files[path] ?? '' }
      )
      t.ok(
        parseInt(service.stop_grace_period) > shutdownDrainSeconds + shutdownGraceSeconds,
        'it is not killed before its grace is over'
      )
      t.match(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
      // Compose refuses any other kind of secret in a read-only container.
      for (const secret of service.secrets ?? []) t.same(secrets[secret], { file: `./secrets/${secret}` })
      for (const value of Object.values(given)) {
        if (value.startsWith('/run/secrets/')) {
          t.ok(
            service.secrets.includes(value.slice('/run/secrets/'.length)), value
          )
        }
      }
      for (const volume of service.volumes ?? []) t.ok(volume.split(':')[0] in volumes, volume)
    })
  }

  t.test('secrets stay out of git, and the comment names the user that reads them', async (t) => {
    t.ok(read('.gitignore').split('\n').includes('docker/secrets/'))
    const user = parseDockerfile(read('Dockerfile')).at(-1)?.instructions.find(
      ({ name }) => name === 'USER'
    )?.text.split(':')[0] ?? ''
    for (const path of ['docker/compose.yaml', 'docker/.env.example', 'docs/deployment.md']) {
      t.match(read(path), new RegExp(`user,? ${user}`), path)
    }
  })

  t.test('without keys only this machine is let in', async (t) => {
    for (const port of services.sandbox.ports) t.match(port, /^127\.0\.0\.1:/)
    t.equal(services.sidecar.ports, undefined)
    t.equal(services.sidecar.network_mode, 'service:app')
  })
})

t.test('docker/alerts.yaml asks for metrics, labels and outcomes that exist', async (t) => {
  const meters = await createMeters({ uploads: { running: 0, waiting: 0, heldBytes: 0 }, version: '1' })
  meters.showRedis(() => true)
  meters.showQuotas(async () => [])
  meters.watchVerdicts(() => [])
  const known = new Set([...(await meters.text()).matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name))
  const { groups } = parse(read('docker/alerts.yaml')) as {
    groups: Array<{ rules: Array<{ alert: string, expr: string, annotations: object }> }>
  }
  const rules = groups.flatMap((group) => group.rules)
  t.ok(rules.length > 5)
  for (const { alert, expr, annotations } of rules) {
    const asked = [...expr.matchAll(/cloudinary_gateway_\w+/g)].map(([name]) => name)
    t.ok(asked.length > 0, alert)
    for (const name of asked) t.ok(known.has(name), `${alert}: ${name}`)
    for (const [, outcomes = ''] of expr.matchAll(/upstream_tries_total\{outcome=~"([^"]+)"/g)) {
      for (const outcome of outcomes.split('|')) t.ok(outcome in ERRORS, `${alert}: ${outcome}`)
    }
    for (const [, label = ''] of JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)) {
      t.ok(['instance', 'job', 'environment', 'what'].includes(label), `${alert}: ${label}`)
    }
  }
})

t.test('the sample env files', async (t) => {
  const known = new Set(VARIABLES.map(({ name }) => name))
  for (const path of ['.env.example', 'docker/.env.example']) {
    t.test(`${path} names variables that exist, and holds no value that would pass for a credential`, async (t) => {
      const lines = read(path).split('\n').map((line) => /^#?\s?([A-Z][A-Z0-9_]+)=(.*)$/.exec(line)).filter(
        (line) => line !== null
      )
      t.ok(lines.length > 2)
      for (const [, name = '', value = ''] of lines) {
        const general = name.replace(/_FILE$/, '').replace(/^(CLOUDINARY_URL)_[A-Z]+$/, '$1_<NAME>').replace(
          /^CLOUDINARY_[A-Z]+_(CLOUD_NAME|API_KEY|API_SECRET|UPLOAD_PREFIX)$/, 'CLOUDINARY_<NAME>_$1'
        )
        t.ok(known.has(general), name)
        if (/CLOUDINARY_URL|GATEWAY_KEYS|API_KEY$/.test(name)) {
          t.match(
            value, /<.+>/, `${name} is a placeholder`
          )
        }
      }
    })
  }
})
