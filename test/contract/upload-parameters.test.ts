import t from 'tap'
import { signParameters } from '../../src/cloudinary/wire/signature.ts'
import { KNOWN_PARAMETERS } from '../../src/sandbox/api/known-parameters.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'

/** Parameters that the sandbox knows and the gateway does not offer, each with its reason. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  manifest_json: 'makes a video from a manifest, without a file',
  manifest_transformation: 'as above',
  template: 'makes a video from a template, without a file',
  template_vars: 'as above'
}

t.test('the sandbox knows every parameter that the gateway signs, and the gateway all that the sandbox knows, but for reasons', async (t) => {
  const known = [...KNOWN_PARAMETERS.upload].sort()
  t.same([...SIGNABLE_PARAMETER_NAMES].filter((name) => !known.includes(name)), [], 'one that is forgotten there is a 401')
  t.same(known.filter((name) => !SIGNABLE_PARAMETER_NAMES.includes(name)), Object.keys(NOT_OFFERED).sort(), 'one that is forgotten here cannot be used')
})

t.test('never 401: an upload signed with any one of the parameters', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const upload = async (name: string): Promise<{ status: number, text: string }> => {
    const parameters = { [name]: 'x', timestamp: String(Math.floor(Date.now() / 1000)) }
    const signature = signParameters(parameters, { apiSecret: 'abcd', algorithm: 'sha1', version: 2 })
    const form = new FormData()
    for (const [field, value] of Object.entries({ ...parameters, signature, api_key: '1234' })) form.append(field, value)
    form.append('file', new Blob(['text']), 'x.txt')
    const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, { method: 'POST', body: form })
    return { status: answer.status, text: await answer.text() }
  }
  for (const name of SIGNABLE_PARAMETER_NAMES) {
    const { status, text } = await upload(name)
    t.ok(status === 200 || status === 400 || status === 420, `${name} ${status} ${status === 200 ? '' : text}`) // 420: an add-on
  }
  t.equal((await upload('no_such_parameter')).status, 401, 'what is not known is not a part of what was signed')
})
