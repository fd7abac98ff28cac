import { createHash } from 'node:crypto'
import type { TObject } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { PolicyDocument } from '../../src/auth/policy/policy-schema.ts'
import { jsonFieldsOf, queryFieldsOf } from '../../src/input/route-input.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import {
  ALL, BY_NAME, CONCERNED, EXEMPT, FREE, GOOD, LINKS, NOT_OF_REQUESTS, REFUSALS, ROWS, UPDATES, URLS, type Fields
} from '../support/policy-rows.ts'
import { withRouteTable, type TableRow } from '../support/route-table.ts'

// Each rule of a policy has a row, each row a cell for every route, and each field of a route is either free
// or named in
// the rows of the rules that concern it. A new rule, route or field fails until somebody has thought about
// it.

const operationOf = ({ options: { schema } }: TableRow): string | undefined =>
  (schema as { operationId?: string } | undefined)?.operationId

/** Every field of a route, in whatever part of the request. */
function fieldsOf ({ options }: TableRow): string[] {
  const route = options as Parameters<typeof queryFieldsOf>[0]
  // an OpenAPI body
  const { content = {} } = (options.config?.requestBody ??
    {}) as { content?: Record<string, { schema?: { properties?: object } }> }
  const bodies = Object.values(content).map(({ schema }) => schema?.properties ?? {})
  const path = options.url.includes('*') ? { public_id: {} } : {}
  return [...new Set([path, queryFieldsOf(route) ?? {}, jsonFieldsOf(route) ?? {}, ...bodies].flatMap(
    (fields) => Object.keys(fields)
  ))]
}

t.test('the rules of a policy, route by route', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { asset_id: foreign } = await sandbox.add('users/2/a')
  await sandbox.add('users/1/a')
  const names = Object.keys(ROWS)
  const callers = Object.fromEntries([...Object.values(ROWS).map(({ rules }, index) => [`c${index}`, {
    keys: [
    `sha256:${digestOf(`c${index}`).toString('hex')}`
    ],
    ...rules
  }]), ['all', { keys: [`sha256:${digestOf('all').toString('hex')}`] }]])
  const policyFile = `${t.testdir({ 'policy.json': JSON.stringify({ callers }) })}/policy.json`
  const environments = ['production', 'staging'].map((name) => environmentAt(sandbox.url, { name }))
  const { app, table } = await withRouteTable(() => buildApp({
    config: testConfig(environments, { auth: { mode: 'keys', policyFile } })
  }))
  t.teardown(() => app.close())
  const routes = table.filter((row) => row.method !== 'HEAD' && ALL.includes(operationOf(row) ?? ''))

  t.test('every guarded route has a cell in every row', async (t) => {
    const guarded: string[] = []
    for (const row of table) {
      const url = row.options.url.replace('/*', '/a').replace(':asset_id', foreign)
      const { statusCode } = await app.inject({ method: row.method as 'GET', url })
      if (statusCode === 401 || row.options.config?.action !== undefined) {
        guarded.push(operationOf(row) ?? row.options.url)
      }
    }
    t.same([...new Set(guarded)].sort(), [...ALL].sort())
    for (const [name, row] of Object.entries(ROWS)) {
      t.same(Object.keys(row.cells).sort(), [...ALL].sort(), name)
    }
  })

  t.test('every rule that a policy can hold has a row', async (t) => {
    const { callers: { patternProperties } } = PolicyDocument.properties as unknown as {
      callers: { patternProperties: Record<string, TObject> }
    } // TypeBox's own shape
    const caller = Object.values(patternProperties)[0] as TObject
    const rules = Object.entries(caller.properties).flatMap(([name, schema]) => {
      const inside = (schema as Partial<TObject>).properties
      return inside === undefined || name in NOT_OF_REQUESTS
        ? [name]
        : Object.keys(inside).map((each) => `${name}.${each}`)
    })
    t.same(rules.filter((rule) => !(rule in NOT_OF_REQUESTS) && !(rule in ROWS)), [])
  })

  t.test('every field of every route is free, or stands in the cells of the rules that concern it', async (t) => {
    for (const row of routes) {
      const operation = operationOf(row) ?? ''
      for (const field of fieldsOf(row)) {
        const concerned = CONCERNED[field] ?? []
        const isConcerned = concerned.length > 0
        t.ok(FREE.has(field) !== isConcerned, `${operation}: ${field} is free, or else concerned`)
        for (const rule of concerned) {
          const cell = ROWS[rule]?.cells[operation] ?? ''
          const isTried = typeof cell === 'string' || cell.some((fields) => Object.hasOwn(fields, field)) ||
            EXEMPT.has(`${operation} ${field} ${rule}`)
          t.ok(isTried, `${operation}: ${rule} is tried with ${field}`)
        }
      }
    }
  })

  t.test('what a row names is refused, and nothing is changed; a caller without rules may do it', async (t) => {
    await app.inject('/readyz')
    const before = sandbox.requests.length
    for (const [index, { cells, refusals = REFUSALS }] of Object.values(ROWS).entries()) {
      const name = names[index] ?? ''
      for (const row of routes) {
        const cell = cells[operationOf(row) ?? ''] ?? ''
        if (typeof cell === 'string') continue
        for (const fields of cell) {
          const answer = await send(app, row, { fields, key: `c${index}`, assetId: foreign })
          const title = `${name}: ${operationOf(row)} ${JSON.stringify(fields)} ${answer.body.slice(0, 200)}`
          t.ok(refusals.includes(answer.statusCode), title)
        }
      }
    }
    const asked = sandbox.requests
      .slice(before)
      .filter(({ method, path }) => method !== 'GET' || !path.includes(foreign))
    t.same(
      asked.map(({ method, path }) => `${method} ${path}`), [],
      'but for the look which name an asset_id stands for, nothing was asked of Cloudinary'
    )
  })

  t.test('without these rules the same routes do what they are for', async (t) => {
    for (const row of routes) {
      const { statusCode, body } = await send(app, row, { fields: {}, key: 'all', assetId: foreign })
      t.equal(statusCode, 200, `${operationOf(row)} ${body.slice(0, 200)}`)
      await sandbox.add('users/1/a')
    }
  })
})

interface Sent { readonly fields: Fields, readonly key: string, readonly assetId: string }

async function send (app: FastifyInstance, row: TableRow, { fields, key, assetId }: Sent) {
  const operation = operationOf(row) ?? ''
  const { environment, ...rest } = {
    ...GOOD[operation],
    ...([...URLS, ...LINKS, ...BY_NAME].includes(operation) && { public_id: 'users/1/a' }),
    ...([...UPDATES].includes(operation) && { tags: ['a'] }),
    ...fields
  } as Record<string, unknown>
  const headers: Record<string, string> = {
    authorization: `Bearer ${key}`, ...(environment !== undefined && { 'x-environment': String(environment) })
  }
  const { public_id: publicId, ...others } = rest
  const inPath = row.options.url.includes('*')
  const url = row.options.url.replace('*', encodeURIComponent(String(publicId))).replace(':asset_id', assetId)
  const sent = inPath ? others : rest
  const method = row.method as 'GET' | 'POST' | 'PATCH' | 'DELETE'
  if (operation === 'directUpload') return app.inject({ method, url, headers, payload: signedForm(sent) })
  if (method === 'GET') {
    const query = new URLSearchParams(Object.entries(sent).flatMap(([name, value]) => [value].flat().map(
      (each): [string, string] => [name, typeof each === 'object' ? JSON.stringify(each) : String(each)]
    )))
    return app.inject({ method, url: `${url}?${query.toString()}`, headers })
  }
  return app.inject({
    method, url, headers, payload: operation === 'generateSignatures' ? batched(sent) : sent
  })
}

/** The fields of a batch stand below `fields`. */
const batched = ({ files, ...fields }: Record<string, unknown>): object => ({ files, fields })

function signedForm ({ file, ...fields }: Record<string, unknown>): FormData {
  const form = new FormData()
  const texts: Record<string, string> = {
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])),
    timestamp: String(Math.floor(Date.now() / 1000))
  }
  const text = Object.keys(texts).sort().map((name) => `${name}=${texts[name]}`).join('&')
  for (const [name, value] of Object.entries({
    ...texts, signature: createHash('sha1').update(`${text}abcd`).digest('hex'), file: String(file)
  })) {
    form.append(name, value)
  }
  return form
}
