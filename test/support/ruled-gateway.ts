import type { Test } from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import type { SandboxOptions } from '../../src/sandbox/index.ts'
import { startGateway, type Gateway } from './gateway.ts'

export interface RuledGateway extends Gateway {
  /** Asks as the caller of that name, whose key is its name. Answers what a JSON client sees. */
  ask: (caller: string, method: 'GET' | 'POST', path: string, body?: object) => Promise<Asked>
}

export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: any // each test says what it expects
}

/** Starts a gateway with a policy. Each caller has its name for a key. */
export async function startRuledGateway (
  t: Test,
  callers: Readonly<Record<string, object>>,
  changes: Parameters<typeof startGateway>[1] = {},
  sandbox: Partial<SandboxOptions> = {}
): Promise<RuledGateway> {
  const rules = Object.entries(callers).map(([name, rule]) =>
    [name, { ...'jwt' in rule ? {} : { keys: [`sha256:${digestOf(name).toString('hex')}`] }, ...rule }])
  const text = JSON.stringify({ callers: Object.fromEntries(rules) })
  const policyFile = `${t.testdir({ 'policy.json': text })}/policy.json`
  const gateway = await startGateway(t, {
    ...changes, auth: { mode: 'keys', policyFile, ...changes.auth }
  }, sandbox)
  const ask: RuledGateway['ask'] = async (caller, method, path, body) => {
    const answer = await gateway.app.inject({
      method, url: path, headers: { authorization: `Bearer ${caller}` }, ...(body && { payload: body })
    })
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
  }
  return { ...gateway, ask }
}

/** Sends a file with form fields, as a page does. */
export async function sendForm (
  url: string, fields: Readonly<Record<string, string>>, file: Uint8Array | string, name = 'a.bin'
): Promise<Asked> {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  if (typeof file === 'string') form.append('file', file)
  else form.append('file', new Blob([file as Uint8Array<ArrayBuffer>]), name) // never shared memory
  const answer = await fetch(url, { method: 'POST', body: form })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() }
}
