import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { startGateway } from '../support/gateway.ts'
import { flag, namingParameters } from '../support/naming.ts'
import { rounds, seed } from '../support/rounds.ts'

const KEY = 'jailed-key'
const FOLDER = 'users/1'
const POLICY = `callers: { member: { keys: ['sha256:${createHash('sha256').update(KEY).digest('hex')}'], folder: ${FOLDER} } }`
const headers: Record<string, string> = { authorization: `Bearer ${KEY}` }

/** Names that lie inside, beside and outside, and ways of hiding which. */
const place = fc.oneof(
  fc.constantFrom(FOLDER, `${FOLDER}/a`, `${FOLDER}/a/b`, 'users', 'users/10', 'users/1x/a', '1', 'a', 'victim', `${FOLDER}/../2/a`, `${FOLDER}/./a`, `${FOLDER}//a`, `/${FOLDER}/a`, `${FOLDER}/`, '..', '../2',
    `${FOLDER}\\a`, `${FOLDER}/%2e%2e/2`, `${FOLDER}/..%2f2`, 'users%2F1/a', `${FOLDER}/a\u0000b`, `${FOLDER}/e\u0301`, 'USERS/1/a', ' users/1/a', `${FOLDER}/\u202ea`, `${FOLDER}\uff0f..\uff0f2`),
  fc.array(fc.constantFrom('users', '1', '2', 'a', '..', '.', '', '%2e', ' '), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
)
const fileName = fc.oneof(place, fc.constantFrom('plain.txt', '../x.txt'))
const wild = fc.record(namingParameters(place, fileName), { requiredKeys: [] })
/** What a caller that means well sends, and one place of it that may lead anywhere. */
const tame = fc.tuple(
  fc.record({
    folder: fc.constantFrom(FOLDER, `${FOLDER}/a`),
    public_id: fc.constantFrom('a', 'b/c', 'd e'),
    asset_folder: fc.constantFrom(FOLDER, `${FOLDER}/z`),
    use_filename: flag,
    unique_filename: flag,
    filename_override: fc.constant('plain.txt')
  }, { requiredKeys: ['folder'] }),
  fc.constantFrom('none', 'none', 'folder', 'public_id', 'public_id_prefix', 'asset_folder'),
  place
).map(([fields, name, value]) => name === 'none' ? fields : { ...fields, [name]: value })
const parameters = fc.oneof(wild, { weight: 2, arbitrary: tame })

t.test('A23: however folder, public_id and their companions are put together, what a caller with a folder stores lies in it, or nothing is stored', async (t) => {
  const { url, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  const outcomes = { stored: 0, refused: 0 }
  let next = 0

  const upload = async (fields: Record<string, string>): Promise<Response> => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ resource_type: 'raw', ...fields })) form.append(name, value)
    form.append('file', new Blob([`file ${next++}`]), 'x.txt')
    return fetch(`${url}/upload`, { method: 'POST', headers, body: form })
  }
  /** The other way in: a signature, then the form straight to Cloudinary. */
  const signed = async (fields: Record<string, string>): Promise<Response> => {
    const answer = await fetch(`${url}/signature`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ ...fields, resource_type: 'raw' }) })
    if (!answer.ok) return answer
    const { fields: form, upload_url: target } = await answer.json() as { fields: Record<string, string>, upload_url: string } // as documented
    const data = new FormData()
    for (const [name, value] of Object.entries(form)) data.append(name, value)
    data.append('file', new Blob([`file ${next++}`]), 'x.txt')
    return fetch(target, { method: 'POST', body: data })
  }

  await fc.assert(fc.asyncProperty(parameters, fc.boolean(), async (given: Record<string, string>, direct) => {
    const before = sandbox.requests.length
    const answer = await (direct ? signed : upload)(given)
    const body = await answer.json() as { public_id: string, asset_folder?: string }
    if (answer.ok) {
      outcomes.stored++
      const isInside = body.public_id.startsWith(`${FOLDER}/`) && !/(^|\/)\.{0,2}(\/|$)/.test(body.public_id)
      // Blanks and slashes around it say nothing, and nothing else was not given.
      const shown = given['asset_folder']?.replace(/^[ /]+|[ /]+$/g, '') ?? ''
      return isInside && (shown === '' || (body.asset_folder === shown && `${shown}/`.startsWith(`${FOLDER}/`)))
    }
    outcomes.refused++
    // Refused here, before anything was sent; or by Cloudinary itself, which stored nothing.
    return sandbox.requests.slice(before).every(({ status = 0 }) => status >= 400)
  }), { numRuns: rounds(250), seed: seed(20_261_124) })
  t.ok(outcomes.stored > 0 && outcomes.refused > 0, `both happened: ${JSON.stringify(outcomes)}`)
})
