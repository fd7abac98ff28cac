import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const parent = await mkdtemp(join(tmpdir(), 'sandbox-names-'))
const data = join(parent, 'data')
const sandbox = await startSandbox({ data })
t.teardown(async () => {
  await sandbox.close()
  await rm(parent, { recursive: true, force: true })
})

const path = (id: string) => id.split('/').map(encodeURIComponent).join('/')

t.test('names that mean something to a file system are only names', async (t) => {
  const names = ['CON', 'nul', 'com1.txt', 'Photo', 'photo', 'PHOTO', 'a'.repeat(255), '.hidden', 'trailing.', 'C:drive', 'a:stream', '~', '$HOME', '`id`', 'é', 'e\u0301', '__proto__', 'constructor/prototype', 'x.part']
  const seen = new Map<string, string>()
  for (const name of names) seen.set(name, (await sandbox.add(name, { resource_type: 'raw', file: Buffer.from(`bytes of ${name}`) })).public_id)
  await t.rejects(sandbox.add('back\\slash'), { message: /public_id .* is invalid/ }, 'nor is a separator of Windows')
  for (const name of names) {
    const answer = await fetch(`${sandbox.url}/demo/raw/upload/${path(seen.get(name) ?? name)}`)
    t.equal(answer.status, 200, name)
    t.equal(await answer.text(), `bytes of ${name}`, 'none stands in for another')
  }
  for (const file of await readdir(join(data, 'blobs'))) t.match(file, /^[0-9a-f]{32}$/, 'files have names of their own')
  t.same((await readdir(parent)), ['data'], 'nothing outside the folder')
})

t.test('paths that climb lead nowhere', async (t) => {
  const answers = ['..%2F..%2Fetc%2Fpasswd', '%2E%2E/%2E%2E/x.txt', 'a/..%5C..%5Cx', '%00.txt', 'blobs%2F..%2Frecords%2FCURRENT', '%252e%252e%252fx']
  for (const one of answers) {
    const answer = await fetch(`${sandbox.url}/demo/raw/upload/${one}`)
    t.ok([400, 404].includes(answer.status), `${one}: ${answer.status}`)
    t.ok(answer.headers.get('x-cld-error'))
    await answer.arrayBuffer()
  }
})
