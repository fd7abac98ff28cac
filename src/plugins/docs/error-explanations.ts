import type { ErrorCode } from '../../errors.ts'

/** What a page about a code says beside title and advice of the error table. Code spans are in backticks. */
export interface ErrorExplanation {
  /** What the code means, in one sentence. */
  readonly meaning: string
  /** The usual reasons, the most frequent one first. */
  readonly reasons: readonly string[]
}

/** Explains every code of the error table. */
export const ERROR_EXPLANATIONS: Readonly<Record<ErrorCode, ErrorExplanation>> = {
  invalid_request: {
    meaning: 'The request has fields, a body or headers that the route cannot accept. Nothing was sent to Cloudinary.',
    reasons: [
      'A field is misspelt, missing, or has a value outside its limits. `errors` lists every fault, each with a JSON pointer.',
      'A field stands in the wrong place: in the query where it belongs in the body, or the other way round.',
      'The body is not valid JSON or not UTF-8, or it names a member twice.',
      'The request has a header that the route would ignore, such as `Content-Range`.'
    ]
  },
  invalid_multipart: {
    meaning: 'The multipart form cannot be read to its end.',
    reasons: [
      '`Content-Type: multipart/form-data` was set by hand and lacks the boundary.',
      'The body was cut off, or a part has no name.',
      'A part is encoded, for example with `Content-Transfer-Encoding: base64`.'
    ]
  },
  upstream_rejected: {
    meaning: 'Cloudinary received the request and refused it.',
    reasons: [
      'The file is not of the kind that `resource_type` names, or it is damaged.',
      'Cloudinary could not fetch the URL in `file`.',
      'The upload preset does not exist, or it forbids a parameter.'
    ]
  },
  unauthorized: {
    meaning: 'The gateway does not know who sent the request.',
    reasons: [
      'The `Authorization` header is missing.',
      'The key is not listed in `GATEWAY_KEYS` or in the policy, or it was removed.',
      'The token has expired, or was issued by or for somebody else.'
    ]
  },
  signature_mismatch: {
    meaning: 'The signature of a direct upload does not fit the fields that were sent. Nothing was stored.',
    reasons: [
      'A field was added, removed or changed after `POST /signature`.',
      'A value was written in another way: a list in another order, a number as a string with blanks.',
      'The signature was made for another environment, or with another API secret.',
      'The API secret that the gateway has is not the account\'s any more: `detail` says so, and so does `/readyz`.'
    ]
  },
  signature_expired: {
    meaning: 'The signature of a direct upload is too old.',
    reasons: [
      'More than an hour has passed since its `timestamp`.',
      'The policy gives signatures of this caller a shorter life.',
      'The clock of the machine that signed is wrong.'
    ]
  },
  forbidden: {
    meaning: 'The gateway knows the caller, and its rules do not allow this request.',
    reasons: [
      'The policy does not list the action or the environment for this caller.',
      'The asset lies outside the folder of the caller, or it is protected.',
      'The key is valid, but the policy has no caller of its name.'
    ]
  },
  origin_not_allowed: {
    meaning: 'A browser sent the request from a page whose origin is not on the list.',
    reasons: [
      '`CORS_ORIGINS` is not set, or does not list the origin of the page.',
      'Scheme or port differ: `http://localhost:3000` and `http://localhost:5173` are two origins.'
    ]
  },
  upstream_forbidden: {
    meaning: 'Cloudinary accepts the credentials but does not allow this request with them.',
    reasons: [
      'The role of the API key does not include the operation.',
      'The plan of the account does not include the feature or the add-on.'
    ]
  },
  not_found: {
    meaning: 'Cloudinary has no such asset in this environment.',
    reasons: [
      'The `public_id` is misspelt, or holds an extension or a version that was pasted with it.',
      'The asset has another `resource_type` or `type`; `found_under` names it when it was found there. To save Admin API calls, the gateway looks there only while more than half of the hourly calls are left, or with `diagnose=true`.',
      'The asset lies in another environment, or it was deleted.'
    ]
  },
  route_not_found: {
    meaning: 'The gateway has no route with this path.',
    reasons: [
      'The path is misspelt.',
      'The gateway runs with `ROUTE_PREFIX`, and the path does not begin with it.',
      'A path of Cloudinary\'s own API was used.'
    ]
  },
  method_not_allowed: {
    meaning: 'The path exists, but not for this method.',
    reasons: ['The route takes another method; the `Allow` header lists those that it takes.']
  },
  request_timeout: {
    meaning: 'The body of the request arrived too slowly, or stopped.',
    reasons: [
      'No byte of a file arrived for `UPLOAD_IDLE_TIMEOUT_MS`.',
      'The average speed of an upload was below `UPLOAD_MIN_BYTES_PER_SECOND`.',
      'A body was announced by `Content-Length` and never sent.'
    ]
  },
  upstream_conflict: {
    meaning: 'Cloudinary already has something under this name.',
    reasons: ['An asset with this public ID exists, and the request does not overwrite.']
  },
  idempotency_in_progress: {
    meaning: 'The first upload with this `Idempotency-Key` has not ended yet.',
    reasons: [
      'The client repeated the upload before the first one was answered.',
      'Two different uploads use the same key.'
    ]
  },
  outcome_unknown: {
    meaning: 'An earlier upload with this `Idempotency-Key` was sent to Cloudinary, and its answer was lost.',
    reasons: [
      'The connection to Cloudinary broke after the last byte of the file.',
      'The gateway was stopped while it waited for the answer.'
    ]
  },
  payload_too_large: {
    meaning: 'The file or the body is larger than the gateway takes.',
    reasons: [
      'A file exceeds `UPLOAD_MAX_BYTES`, or `max_bytes` of the caller\'s policy.',
      'A JSON body exceeds `JSON_MAX_BYTES`, or a data URI exceeds `UPLOAD_TEXT_MAX_BYTES`.',
      'The fields of a form exceed 1 MiB.'
    ]
  },
  uri_too_long: {
    meaning: 'The path of the request is longer than the gateway reads.',
    reasons: ['A part of the path, such as a public ID, has more than 4,096 characters.']
  },
  unsupported_media_type: {
    meaning: 'The gateway does not read a body of this type on this route.',
    reasons: [
      'The body has no `Content-Type`, or the default of the HTTP client.',
      'JSON was sent as `text/plain`, or a file as `application/json`.',
      'The body is compressed: `Content-Encoding` is not supported.'
    ]
  },
  expectation_failed: {
    meaning: 'The `Expect` header asks for something that the gateway does not do.',
    reasons: ['`Expect` has another value than `100-continue`.']
  },
  misdirected_request: {
    meaning: 'The request line names a host, and it is not the one in the `Host` header.',
    reasons: [
      'The client treats the gateway as a forward proxy.',
      'A proxy in front of the gateway rewrote one of the two.'
    ]
  },
  idempotency_key_reused: {
    meaning: 'This `Idempotency-Key` belongs to an upload with other parameters or another file.',
    reasons: [
      'The key is a constant, or is made from something that does not change with the file.',
      'The file was changed, and the upload repeated with the old key.'
    ]
  },
  param_not_allowed: {
    meaning: 'The policy does not allow this caller to upload or sign with this parameter or value.',
    reasons: [
      'The parameter is not listed in `sign.allow`, or a required one is missing.',
      'The gateway forces another value (`sign.force`).',
      'The place, format, preset or notification host is not one that the policy lists.'
    ]
  },
  url_not_allowed: {
    meaning: 'A URL in the request leads somewhere that it must not lead to.',
    reasons: [
      'It points to a private, local or reserved address.',
      'Its scheme is not allowed, such as `file:`, or a bucket for a caller that has a folder.'
    ]
  },
  asset_processing: {
    meaning: 'Cloudinary is still working on the asset.',
    reasons: ['The asset was uploaded moments ago, or a large derived asset is being made.']
  },
  rate_limited: {
    meaning: 'The caller or its address sent more requests than it may, or Cloudinary asked the gateway to slow down.',
    reasons: [
      'The caller exceeded its rate: `RATE_PER_CALLER`, or `rate` in the policy.',
      'The address exceeded `RATE_PER_ADDRESS`. Behind a proxy without `TRUST_PROXY`, all callers share one address.',
      'Cloudinary answered 429; `upstream` is present then.'
    ]
  },
  quota_exhausted: {
    meaning: 'The account has used up its Admin API calls of this hour. Until the reset the gateway answers this without a call to Cloudinary. Reads are refused already when a twentieth is left, which is reserved for changes. Uploads, signatures, URLs and deletions still work.',
    reasons: [
      'A list or a report asks for too many pages.',
      'Many reads ask for assets that do not exist, or are sent with `diagnose=true`.',
      'Another program uses the same account.'
    ]
  },
  headers_too_large: {
    meaning: 'The request line and the headers together exceed 16 KiB.',
    reasons: [
      'The query holds what belongs in a body.',
      'Cookies or tokens of other sites are sent along.'
    ]
  },
  client_closed: {
    meaning: 'The caller closed the connection before the answer. Only the log shows this code.',
    reasons: ['A browser tab was closed, an upload was cancelled, or the client has a timeout of its own.']
  },
  internal: {
    meaning: 'The gateway has a fault. The answer says nothing about it, because it might hold a secret.',
    reasons: ['A bug. The log line with this `request_id` has the stack trace.']
  },
  credentials_rejected: {
    meaning: 'Cloudinary does not accept the credentials that the gateway has for this environment.',
    reasons: [
      'The API key or secret was replaced at Cloudinary.',
      'Cloud name, key and secret belong to different accounts.',
      'The `upload_prefix` names another region than that of the account.'
    ]
  },
  upstream_failed: {
    meaning: 'Cloudinary could not be reached, failed, or sent an answer that cannot be read. Retries did not help.',
    reasons: [
      'Cloudinary answered 5xx, or closed the connection.',
      'DNS, a firewall or a proxy between the gateway and Cloudinary fails.',
      'With `"outcome": "unknown"`, an upload may have been stored all the same.'
    ]
  },
  integrity_failed: {
    meaning: 'Cloudinary stored something other than what was sent.',
    reasons: [
      'A raw file has another size at Cloudinary than the bytes that were sent.',
      'With `UPLOAD_VERIFY_STRICT`, an image or a video was changed by an incoming transformation.'
    ]
  },
  auth_unavailable: {
    meaning: 'The gateway cannot check tokens at the moment.',
    reasons: ['`AUTH_JWKS_URL` cannot be reached, or its answer is not a key set.']
  },
  overloaded: {
    meaning: 'The gateway has no room for this request right now. It was not started.',
    reasons: [
      'As many uploads are running as `UPLOAD_MAX_CONCURRENT`, or the share of the caller, environment, address or signature is full; `share` says which.',
      'The memory of `UPLOAD_BUFFER_BYTES` is taken.',
      'Answers that callers do not read have filled their bound.'
    ]
  },
  upstream_unavailable: {
    meaning: 'Cloudinary failed several times in a row, so the gateway does not ask it for the moment.',
    reasons: ['Cloudinary, or the way to it, is down. Other environments are not affected.']
  },
  upstream_timeout: {
    meaning: 'Cloudinary accepted the request and did not answer in time.',
    reasons: [
      'Cloudinary is slow, or still processes a large file.',
      '`UPSTREAM_HEADERS_TIMEOUT_MS` or `UPSTREAM_UPLOAD_TIMEOUT_MS` is too short for what is asked.'
    ]
  },
  http_version_unsupported: {
    meaning: 'The request line names a version of HTTP that the gateway does not speak.',
    reasons: ['The client speaks HTTP/2 without TLS, or something that is not HTTP.']
  }
}
