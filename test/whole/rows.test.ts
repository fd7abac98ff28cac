import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/**
 * Where a row of the list of faults is proved: a test file below `test/` and a part of a test's title in it.
 */
type Proof = readonly [file: string, title: string]
/** Proofs, and in words what of the row they leave out; or, without any, why the row is not tested. */
interface Row { proofs?: readonly Proof[], reason?: string }

const at = (...proofs: Proof[]): Row => ({ proofs })
const partly = (reason: string, ...proofs: Proof[]): Row => ({ proofs, reason })
const untested = (reason: string): Row => ({ reason })

const BENCH = 'the size and the number are measured by npm run bench; a test of this length has no place in npm test'

/** Authentication and authorisation. */
const A: Readonly<Record<string, Row>> = {
  A1: at(
    ['whole/surface.test.ts', 'A1: without a key'], ['whole/surface.test.ts', '401 and the connection closes']
  ),
  A2: at(
    ['auth/callers/bearer.test.ts', 'two headers are refused'],
    ['plugins/access/authentication.test.ts', '401 with a challenge for everything else'],
    ['plugins/http/client-errors.test.ts', 'headers_too_large']
  ),
  A3: partly(
    'the statistic of times is a figure of npm run bench (timing): on a shared machine it would make a test a matter of chance',
    ['auth/policy/keys.test.ts', 'A3: the code rule'],
    ['auth/policy/keys.test.ts', 'other keys are nobody']
  ),
  A4: at(
    ['auth/policy/keys.test.ts', 'other keys are nobody'],
    ['auth/callers/bearer.test.ts', 'tokens of up to 8 KiB are taken']
  ),
  A5: at(['auth/callers/jwt.test.ts', '401: no signature, or one that a public key can make']),
  A6: at(['auth/callers/jwt.test.ts', 'HMAC with the public PEM as its key']),
  A7: at(['auth/callers/key-set.test.ts', 'ids that nobody has cause one fetch in a cooldown']),
  A8: at(['auth/callers/jwt.test.ts', '401: odd key ids']),
  A9: at(['auth/callers/jwt.test.ts', '401: keys that the token itself brings, and none is fetched']),
  A10: at(['auth/callers/jwt.test.ts', '401: time']),
  A11: at(['auth/callers/jwt.test.ts', '401: issuer and audience']),
  A12: at(
    ['auth/callers/key-set-fetch.test.ts', 'other answers, endless ones, slow ones and cut ones are refused'],
    ['auth/callers/key-set.test.ts', 'a failing provider'],
    ['plugins/access/authentication.test.ts', '503 when it cannot be had']
  ),
  A13: at(
    ['auth/callers/key-set.test.ts', 'rotation: a new key works after the cooldown'],
    ['auth/callers/jwt.test.ts', 'a remembered token runs out, and dies with its key']
  ),
  A14: at(['auth/callers/key-set.test.ts', 'a slow answer is shared']),
  A15: at(
    ['auth/callers/jwt.test.ts', '401: encrypted tokens, unencoded payloads, members named twice'],
    ['auth/callers/bearer.test.ts', 'tokens of up to 8 KiB']
  ),
  A17: at(
    ['plugins/access/rate-limit.test.ts', 'addresses that a caller writes itself do not count'],
    ['app.test.ts', 'proxies are believed when named']
  ),
  A20: at(
    ['plugins/access/authorization.test.ts', '403 for an environment that is not the caller'],
    ['whole/surface.test.ts', '403 on every guarded route for a caller that may do nothing'],
    ['contract/policy.test.ts', 'nothing reaches Cloudinary']
  ),
  A22: at(
    ['auth/uploads/folder.test.ts', 'a name that could mean another once decoded or joined is outside'],
    ['auth/uploads/folder.test.ts', 'NFC and NFD are two names']
  ),
  A23: at(
    ['auth/uploads/folder.test.ts', 'uploads: what folder, public_id and their companions come to'],
    ['auth/uploads/folder.test.ts', 'with use_filename the name of the file must be plain'],
    ['contract/folder-jail.test.ts', 'A23: however folder, public_id and their companions']
  ),
  A24: at(['auth/uploads/permit.test.ts', 'one foreign ID among many refuses them all']),
  A26: at(['contract/environments.test.ts', 'A26: interleaved requests']),
  A27: at(['plugins/access/authorization.test.ts', '403 for every change by a caller that only reads']),
  A28: at(
    ['cloudinary/upstream/admin.test.ts', '400 for a public ID that would change the path'],
    ['whole/surface.test.ts', 'O1: the router table and openapi.yaml agree']
  ),
  A29: at(
    ['whole/surface.test.ts', 'A29: metrics are on no path of this address'],
    [
      'commands/metrics-listener.test.ts',
      'serves the text at /metrics, and nothing where nothing is meant to be'
    ],
    ['commands/serve.test.ts', 'metrics are on an address of their own']
  ),
  A30: untested('the gateway takes no notifications from Cloudinary: there is no such route')
}

/** Signing. */
const S: Readonly<Record<string, Row>> = {
  S1: at(
    ['contract/signature-vs-sdk.test.ts', 'random parameter sets'],
    ['contract/signature-vs-sdk.test.ts', 'where we differ on purpose']
  ),
  S2: at(
    ['contract/signature-vs-sdk.test.ts', 'encoded as by the official package'],
    ['cloudinary/wire/signature.test.ts', 'one value cannot pose as two parameters in version 2']
  ),
  S4: at(
    ['routes/generate-signature.test.ts', '400: fields that are never signed'],
    ['cloudinary/wire/signature.test.ts', 'what travels beside the parameters is not signed']
  ),
  S5: at(
    ['auth/uploads/permit.test.ts', '422 for a timestamp from the future'],
    ['routes/generate-signature.test.ts', '400: timestamps that Cloudinary would refuse'],
    ['auth/policy/signing-rules.test.ts', 'a shorter life is had by an earlier timestamp']
  ),
  S6: at(
    [
      'auth/policy/signing-rules.test.ts',
      'every parameter that is not allowed is named, the unknown ones too'
    ],
    ['contract/policy.test.ts', 'param_not_allowed']
  ),
  S7: partly(
    'no signature can carry a size, so a policy\'s limit holds for uploads through the gateway alone',
    ['auth/policy/signing-rules.test.ts', 'what is forced is set; another value is refused'],
    ['contract/policy.test.ts', 'what is signed is what the policy wants']
  ),
  S8: at(['faults/framing.test.ts', 'S8: names of the prototype']),
  S10: at(
    ['plugins/access/rate-limit.test.ts', '429 with Retry-After and the state of each limit'],
    ['auth/rate-limit.test.ts', 'over any time no more passes than one quota']
  ),
  S11: at(
    ['plugins/http/security-headers.test.ts', 'answers are not kept by anybody'],
    ['routes/generate-signature.test.ts', 'make an upload'],
    ['contract/gateway-vs-sdk.test.ts', 'posted straight to upload_url']
  ),
  S12: at(['contract/environments.test.ts', 'S12: a secret that changes while signatures are made'])
}

/** Multipart and upload bodies. */
const M: Readonly<Record<string, Row>> = {
  M1: partly(
    `300 MB in place of 1 GiB; ${BENCH}`,
    ['whole/large-upload.test.ts', 'with the MD5 of what was sent'],
    ['cloudinary/upload/uploader.test.ts', 'M1: a file up to the limit']
  ),
  M2: at(
    ['routes/upload-resource.test.ts', 'M2: 200: a form of unknown length'],
    ['routes/upload-resource.test.ts', 'a raw body of any media type, of known and of unknown length']
  ),
  M3: at(
    ['whole/bad-input.test.ts', '400 for zero bytes'],
    ['cloudinary/upload/intake.test.ts', 'M3: 400 for zero bytes']
  ),
  M4: at(
    ['routes/upload-resource.test.ts', 'M4, M5: 413 with both numbers'],
    ['cloudinary/upload/uploader.test.ts', 'has no end upstream, in one request and in chunks']
  ),
  M5: at(
    ['cloudinary/upload/uploader.test.ts', 'M4, M5: a file over the limit'],
    ['routes/upload-resource.test.ts', 'nothing is stored']
  ),
  M6: at(
    ['faults/framing.test.ts', 'M6: a body that ends before its Content-Length'],
    ['routes/upload-resource.test.ts', 'M21: 408 for a body that stops']
  ),
  M7: partly(
    'garbage behind an answer that is still owed gets no 400 but the end of the connection after that answer; it is never forwarded',
    ['faults/framing.test.ts', 'M7: bytes after the body']
  ),
  M8: at(
    ['routes/upload-resource.test.ts', 'M8, M17: 400 for a boundary nobody can use'],
    ['input/forms/upload-form.test.ts', 'M17, M8: headers alone tell']
  ),
  M10: at(
    ['faults/changed-text.test.ts', 'for parts of a form that would be skipped'],
    ['faults/hostile-forms.test.ts', 'M10: forms that are all fields'],
    ['routes/upload-resource.test.ts', 'M10: 413 for too many fields'],
    ['input/forms/upload-form.test.ts', 'M10: 413 for a field that is too long']
  ),
  M11: at(
    ['routes/upload-resource.test.ts', 'M11: 400 for a name of the prototype'],
    ['input/forms/upload-form.test.ts', 'pollutes nothing']
  ),
  M12: at(
    ['cloudinary/upload/uploader.test.ts', 'M12: fields after a streamed file are proved'],
    ['cloudinary/upload/uploader.test.ts', 'M12: 400 for fields after a file in chunks']
  ),
  M13: at(['input/forms/upload-form.test.ts', 'M13: 400 for no file, two files, text beside bytes']),
  M14: at(
    ['input/forms/upload-form.test.ts', 'M14: 400 for a field before and after the file'],
    ['routes/upload-resource.test.ts', 'twice, in two places']
  ),
  M16: at(
    ['faults/framing.test.ts', 'M16: 400 for a part that calls itself base64'],
    ['input/forms/upload-form.test.ts', 'M16: JSON in a field is text, untouched']
  ),
  M17: at(['routes/upload-resource.test.ts', '415 for an encoded body, before it is read']),
  M19: at(
    ['routes/upload-resource.test.ts', 'M19: a caller that leaves ends the request upstream'],
    ['whole/large-upload.test.ts', 'a caller that disconnects in the middle']
  ),
  M21: at(
    ['cloudinary/upload/intake.test.ts', 'M21: 408 when the bytes drip'],
    ['routes/upload-resource.test.ts', 'M21: 408 for a body that stops']
  ),
  M23: at(['plugins/http/expect-continue.test.ts', 'M23: a refused request gets its answer without a 100']),
  M24: at(['plugins/http/expect-continue.test.ts', 'M24: 417']),
  M25: partly(BENCH, [
    'cloudinary/upload/uploader.test.ts', 'uploads together stay within the memory budget'
  ]),
  M26: at(['routes/upload-resource.test.ts', 'M26: 503 with Retry-After']),
  M27: at(['plugins/actions/idempotency.test.ts', 'M27: the same request under the same key is one asset']),
  M28: at(
    ['plugins/actions/idempotency.test.ts', 'M28: of ten at once one executes'],
    ['redis/idempotency-store.test.ts', 'M28: of ten at once in two processes']
  ),
  M29: at(
    ['plugins/actions/idempotency.test.ts', 'M29: another request under the same key is 422'],
    ['plugins/actions/idempotency.test.ts', 'M29: a key belongs to one environment and one caller']
  ),
  M30: at(['plugins/actions/idempotency.test.ts', 'M30: what failed before Cloudinary had taken the file']),
  M31: at(['plugins/actions/idempotency.test.ts', 'M31: an answer that was lost is 409 outcome_unknown']),
  M32: partly(
    'callers send no chunks to the gateway, which makes them itself, in order; the sandbox is tested on disordered ones',
    ['cloudinary/upload/uploader.test.ts', 'M32: a larger file goes in chunks'],
    ['sandbox/upload/chunks.test.ts', '400: overlaps, wrong lengths'],
    ['sandbox/upload/chunks.test.ts', '200: in any order']
  ),
  M33: untested('an upload is one request to one process: no session of chunks spans two of them'),
  M34: untested(
    'nothing of an upload is written to disk; that a read-only disk does no harm needs a container to show'
  ),
  M35: at(
    ['cloudinary/upload/file-source.test.ts', 'M35: a file of another user'],
    ['cloudinary/upload/file-source.test.ts', 'M35: 400 for everything else that looks like a path'],
    ['cloudinary/upload/file-source.test.ts', 'M35: a link swapped in between two openings'],
    ['whole/bad-input.test.ts', 'outside the root, through a link, a device'],
    ['cloudinary/upload/uploader.test.ts', 'M35: a file that shrinks or grows']
  )
}

/** Faults of the upstream. */
const U: Readonly<Record<string, Row>> = {
  U1: at(
    ['cloudinary/upstream/transport.test.ts', 'U1: a refused connection and an unknown name'],
    ['cloudinary/upstream/retry.test.ts', 'U18: tries again, up to three times']
  ),
  U2: partly(
    'a slow resolver cannot be had without a name server of one\'s own; the connect timeout covers it',
    ['cloudinary/upstream/transport.test.ts', 'U1: a refused connection and an unknown name']
  ),
  U3: at(['cloudinary/upstream/transport.test.ts', 'U3: a connection that cannot be made in time']),
  U4: at(
    ['faults/tls.test.ts', 'U4: nothing is sent where the certificate'],
    ['cloudinary/upstream/transport.test.ts', 'U4: a server without the expected certificate']
  ),
  U5: at(
    ['cloudinary/upstream/transport.test.ts', 'U5, U6, U12: a connection that is cut'],
    ['cloudinary/upstream/json-calls.test.ts', 'U5, U18: reading is repeated'],
    ['cloudinary/upload/uploader.test.ts', 'U5: a streamed file is sent again only when']
  ),
  U6: at(
    ['cloudinary/upstream/transport.test.ts', 'U5, U6, U12: a connection that is cut'],
    ['routes/upload-resource.test.ts', 'U5, U6, U9: 502 and 504']
  ),
  U7: at(
    ['routes/upload-resource.test.ts', 'U7: an early refusal, 40 times'],
    ['cloudinary/upload/uploader.test.ts', 'U7, U8: an early refusal is passed on']
  ),
  U8: at(['cloudinary/upstream/transport.test.ts', 'U7, U8: an early answer is passed on']),
  U9: at(
    ['cloudinary/upstream/transport.test.ts', 'U9, U10: a silent upstream'],
    ['routes/get-resource-by-id.test.ts', '504: an upstream that never answers']
  ),
  U10: at(
    [
      'cloudinary/upstream/transport.test.ts',
      'U9, U10: a silent upstream, and one that stops within its answer'
    ],
    ['routes/get-all-resources.test.ts', 'a stream that breaks is cut off']
  ),
  U11: at(['cloudinary/upstream/transport.test.ts', 'U11: an answer that drips']),
  U12: at(
    ['cloudinary/upstream/transport.test.ts', 'U5, U6, U12'],
    ['cloudinary/upstream/answer.test.ts', 'U16: 502 for answers that are none']
  ),
  U15: at(
    ['cloudinary/upstream/transport.test.ts', 'U15: a redirect is an answer; nobody goes there'],
    ['cloudinary/upstream/answer.test.ts', 'U15: 502 for a redirect']
  ),
  U16: at(
    ['cloudinary/upstream/transport.test.ts', 'U16: an answer that is too large, or no HTTP'],
    ['cloudinary/upstream/answer.test.ts', 'U16: 502 for answers that are none']
  ),
  U17: at(
    ['cloudinary/upstream/retry.test.ts', 'U17: a refusal that says when to come back'],
    ['cloudinary/upstream/answer.test.ts', 'U17: Retry-After is what Cloudinary asked for']
  ),
  U18: at(['cloudinary/upstream/retry.test.ts', 'U18: waits lie evenly between nothing and a bound']),
  U19: partly(
    'no minute-long outage under load has a place in npm test',
    ['cloudinary/upstream/retry.test.ts', 'U19: the budget runs dry in an outage'],
    ['faults/outage.test.ts', 'then 503 at once for all that asks its API'],
    ['faults/outage.test.ts', 'once Cloudinary is back, so is the gateway']
  ),
  U20: partly(
    'without a figure for latency',
    ['whole/bad-input.test.ts', 'while the other one works'],
    ['faults/outage.test.ts', 'the other environment works all the time'],
    ['cloudinary/client.test.ts', 'clients of two environments share the number of uploads, and nothing else']
  ),
  U21: partly(
    'not a thousand races: a cut connection before the answer is the same to the gateway, and is repeated for reading alone',
    ['cloudinary/upstream/transport.test.ts', 'connections are kept and used again'],
    ['cloudinary/upstream/json-calls.test.ts', 'U5, U18: reading is repeated after resets'],
    ['cloudinary/upstream/admin.test.ts', 'deleting is repeated only when nothing was sent']
  ),
  U22: at(['cloudinary/upstream/transport.test.ts', 'U22: informational answers are passed over'])
}

/** Addresses that we are given. */
const F: Readonly<Record<string, Row>> = {
  F1: at(
    ['net/addresses.test.ts', 'IPv4: both ends of each special range'],
    ['sandbox/remote/guard.test.ts', 'addresses of the public internet, and those beside them']
  ),
  F2: at(
    ['net/addresses.test.ts', 'IPv6: only global unicast is public'],
    ['net/addresses.test.ts', 'IPv4 hidden in IPv6']
  ),
  F5: at(
    ['sandbox/remote/guard.test.ts', 'a name is judged by the addresses it leads to'],
    ['net/addresses.test.ts', 'names that only a local network knows']
  ),
  F6: at(
    ['sandbox/remote/guard.test.ts', 'a name that changes its mind'],
    ['auth/callers/key-set-fetch.test.ts', 'addresses that no provider has are not connected to']
  ),
  F7: at(
    ['sandbox/remote/guard.test.ts', 'redirects from the public internet to private places'],
    ['sandbox/remote/guard.test.ts', 'a redirect from https to http is not followed'],
    ['auth/callers/key-set-fetch.test.ts', 'a redirect is not followed'],
    ['cloudinary/upstream/transport.test.ts', 'U15: a redirect is an answer']
  ),
  F9: at(
    ['net/urls.test.ts', 'other schemes and other spellings are refused'],
    ['cloudinary/upload/file-source.test.ts', '400 for other schemes and broken URLs']
  ),
  F10: at(['net/urls.test.ts', 'ports of other services are refused'])
}

/** Browsers. */
const C: Readonly<Record<string, Row>> = {
  C1: at(
    ['plugins/http/cors.test.ts', '204 to its preflight'],
    ['browser/upload.test.ts', 'C1: of an origin that is listed']
  ),
  C2: at(
    ['plugins/http/cors.test.ts', 'an origin that is not listed gets no CORS header'],
    ['browser/upload.test.ts', 'C2: of any other origin gets nothing']
  ),
  C3: at(['plugins/http/cors.test.ts', 'credentials never come with any origin']),
  C4: at(
    ['plugins/http/cors.test.ts', '415: JSON as text/plain'],
    ['auth/callers/browser-guard.test.ts', 'pages of other origins do not'],
    ['browser/upload.test.ts', 'C4: of any other origin']
  ),
  C5: at(
    ['plugins/http/cors.test.ts', 'gets its headers on answers and on every error'],
    ['browser/upload.test.ts', 'C5: of a listed origin reads what is wrong']
  ),
  C6: at(['plugins/http/cors.test.ts', '204 that allows the headers which the preflight asks for']),
  C7: partly('judged by Vary alone: no cache is set up in front', [
    'plugins/http/cors.test.ts', 'and caches are told apart'
  ]),
  C8: at(['plugins/http/cors.test.ts', 'access-control-allow-private-network']),
  C9: at(['plugins/http/cors.test.ts', 'timing-allow-origin']),
  C10: at(['plugins/http/security-headers.test.ts', 'answers are not kept by anybody'])
}

/** Secrets in what leaves the process. */
const R: Readonly<Record<string, Row>> = {
  R1: partly(
    'one run through everything, metrics too, in place of all tests again; with NODE_DEBUG on, Node itself prints the heads of requests, so that run judges the log and the answers',
    ['whole/canary.test.ts', 'R1, R2, R5, R6'],
    ['whole/canary.test.ts', 'R1: the same with NODE_DEBUG=http,undici']
  ),
  R2: at(
    ['whole/canary.test.ts', 'R1, R2, R5, R6'],
    ['commands/log/secret-mask.test.ts', 'replaces a secret in each of its spellings']
  ),
  R3: at(
    ['whole/canary.test.ts', 'R3: a gateway that cannot start'],
    ['config/config.test.ts', 'shows no secret when it is printed'],
    ['secret.test.ts', 'a secret shows itself to reveal() alone']
  ),
  R4: at(
    ['whole/canary.test.ts', 'R4: command line'],
    ['config/environments.test.ts', 'reads each of them from a file']
  ),
  R5: at(
    ['whole/canary.test.ts', 'R1, R2, R5, R6'],
    ['cloudinary/upstream/answer.test.ts', 'R5: the secret is taken out of every message']
  ),
  R6: at(
    ['whole/canary.test.ts', 'R6: one JSON object a line'],
    ['plugins/http/request-id.test.ts', 'anything else gets a new id']
  ),
  R7: at(['whole/canary.test.ts', 'R7: an error that nobody foresaw']),
  R8: at(['whole/surface.test.ts', 'O1: the router table and openapi.yaml agree'])
}

/** Hostile images, and the sandbox itself. */
const I: Readonly<Record<string, Row>> = {
  I1: partly(
    '400 with the text of Cloudinary in place of 413 or 422, which it never sends; refused by the header alone, so no time is taken',
    ['sandbox/render/hostile.test.ts', 'a 256 megapixel PNG is refused by its header']
  ),
  I2: at(['sandbox/render/hostile.test.ts', 'outputs beyond the cap, by whatever way they are asked for']),
  I3: at(
    ['sandbox/render/hostile.test.ts', 'an animation of 10,000 frames'],
    ['sandbox/render/hostile.test.ts', 'frames within the cap, pixels beyond it']
  ),
  I4: at(['sandbox/render/hostile.test.ts', 'SVG: entities do not grow']),
  I8: partly(
    'told by the order of answers, not by the time they take: every call of the API is answered before the first rendering ends',
    ['sandbox/render/hostile.test.ts', 'eight worst cases at once'],
    ['sandbox/render/hostile.test.ts', 'a job that takes too long is killed']
  ),
  I9: partly(
    'a child of Node has no limit of memory of its own: it is killed as the kernel would do it',
    ['sandbox/render/hostile.test.ts', 'a renderer that is killed ends that request alone'],
    ['sandbox/render/hostile.test.ts', 'a process that dies takes its own job with it']
  ),
  I11: at(
    ['sandbox/delivery/names.test.ts', 'names that mean something to a file system are only names'],
    ['sandbox/delivery/names.test.ts', 'paths that climb lead nowhere']
  ),
  I12: partly(
    'a real secret cannot be told from a made-up one, so none is refused; what is given stays on this machine, and no page shows it',
    ['commands/sandbox.test.ts', '2 with NODE_ENV=production, unless that is meant'],
    ['config/config.test.ts', 'not in production unless it is wanted'],
    ['sandbox/index.test.ts', 'without secrets that somebody chose']
  )
}

/** The ids of each group, so that none is dropped in silence; they have gaps. */
const IDS: ReadonlyArray<
  readonly [group: string, rows: Readonly<Record<string, Row>>, numbers: readonly number[]]
> = [
  ['A', A, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 20, 22, 23, 24, 26, 27, 28, 29, 30]],
  ['S', S, [1, 2, 4, 5, 6, 7, 8, 10, 11, 12]],
  [
    'M',
    M,
    [
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      10,
      11,
      12,
      13,
      14,
      16,
      17,
      19,
      21,
      23,
      24,
      25,
      26,
      27,
      28,
      29,
      30,
      31,
      32,
      33,
      34,
      35
    ]
  ],
  ['U', U, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22]],
  ['F', F, [1, 2, 5, 6, 7, 9, 10]],
  ['C', C, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ['R', R, [1, 2, 3, 4, 5, 6, 7, 8]],
  ['I', I, [1, 2, 3, 4, 8, 9, 11, 12]]
]

for (const [group, rows, numbers] of IDS) {
  t.test(`group ${group}: each row has a test, or a reason`, async (t) => {
    t.same(Object.keys(rows), numbers.map((number) => `${group}${number}`))
    for (const [id, { proofs = [], reason = '' }] of Object.entries(rows)) {
      t.ok(proofs.length > 0 || reason.length > 30, `${id} has one or the other`)
      for (const [file, title] of proofs) {
        t.ok(
          readFileSync(join(import.meta.dirname, '..', file), 'utf8').includes(title),
        `${id}: ${file} has "${title}"`
        )
      }
    }
  })
}
