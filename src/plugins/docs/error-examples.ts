import type { ErrorCode } from '../../errors.ts'

/** A request and the answer that it got. `when` says what else must be the case; it may be empty. */
export interface ErrorExample {
  readonly when: string
  readonly request: string
  /** A problem document as JSON. What differs each time, such as `request_id`, is replaced. */
  readonly answer: string
}

/** An example of every code, recorded by `npm run errors`. A test provokes each of them and compares. */
export const ERROR_EXAMPLES: Readonly<Record<ErrorCode, ErrorExample>> = {
  invalid_request: {
    when: '',
    request: 'curl \'http://127.0.0.1:8080/url?publicid=cats/tom\'',
    answer: '{"type":"/docs/errors/invalid_request","title":"Invalid request","status":400,"code":"invalid_request","detail":"/public_id: is required (and 1 more)","advice":"Correct the fields named in `errors` and send the request again.","instance":"/url","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"errors":[{"pointer":"/public_id","message":"is required"},{"pointer":"/publicid","message":"is not a field of this action; did you mean \\"public_id\\"?"}]}'
  },
  invalid_multipart: {
    when: '',
    request: 'POST /upload HTTP/1.1\nHost: 127.0.0.1:8080\nContent-Type: multipart/form-data\nContent-Length: 4\nConnection: close\n\nfile',
    answer: '{"type":"/docs/errors/invalid_multipart","title":"Invalid multipart body","status":400,"code":"invalid_multipart","detail":"Content-Type must name one boundary of 1 to 70 characters.","advice":"Let your HTTP client build the multipart body and its boundary.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  upstream_rejected: {
    when: '',
    request: 'curl -H \'Content-Type: application/json\' -d \'{"file":"data:image/png;base64,bm8gcGljdHVyZQ==","resource_type":"image"}\' http://127.0.0.1:8080/upload',
    answer: '{"type":"/docs/errors/upstream_rejected","title":"Cloudinary refused the request","status":400,"code":"upstream_rejected","detail":"Invalid image file","advice":"Read `upstream.message`: it is Cloudinary\'s own reason.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"upstream":{"status":400,"message":"Invalid image file","request_id":"0123456789abcdef0123456789abcdef"}}'
  },
  unauthorized: {
    when: '',
    request: 'curl \'http://127.0.0.1:8080/url?public_id=cats/tom\'',
    answer: '{"type":"/docs/errors/unauthorized","title":"Not authenticated","status":401,"code":"unauthorized","detail":"Send a key: \\"Authorization: Bearer <key>\\".","advice":"Send a valid key: `Authorization: Bearer <key>`.","instance":"/url","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  signature_mismatch: {
    when: '',
    request: 'curl -F timestamp=1767323045 -F signature=$SIGNATURE -F file=@photo.jpg http://127.0.0.1:8080/direct-upload',
    answer: '{"type":"/docs/errors/signature_mismatch","title":"Signature mismatch","status":401,"code":"signature_mismatch","detail":"No single known mistake explains it: a value was changed after signing, a signed field was not sent, or another secret was used, such as that of another environment. What counts here: timestamp. If POST /signature made it, the form must send the whole `fields` of that answer: a policy may have added some. Fields after the file were not looked at: all that are signed must stand before it, or the signature after it too.","advice":"Send the whole `fields` of the answer of `POST /signature` beside `file`, or exactly what another signer has signed.","instance":"/direct-upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"errors":[{"pointer":"/signature","message":"No single known mistake explains it: a value was changed after signing, a signed field was not sent, or another secret was used, such as that of another environment. What counts here: timestamp."}]}'
  },
  signature_expired: {
    when: '',
    request: 'curl -F timestamp=1767323045 -F signature=$SIGNATURE -F file=@photo.jpg http://127.0.0.1:8080/direct-upload',
    answer: '{"type":"/docs/errors/signature_expired","title":"Signature expired","status":401,"code":"signature_expired","detail":"The timestamp is 4000 seconds old; Cloudinary takes a signature for 3600 seconds after its timestamp. Fields after the file were not looked at: all that are signed must stand before it, or the signature after it too.","advice":"Ask `POST /signature` for a new one; a signature lives for at most an hour.","instance":"/direct-upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  forbidden: {
    when: 'when the policy gives the caller other actions',
    request: 'curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8080/resources',
    answer: '{"type":"/docs/errors/forbidden","title":"Not allowed","status":403,"code":"forbidden","detail":"This caller may not do getAllResources.","advice":"Use a key that is allowed to do this, or ask the operator of the gateway for the permission.","instance":"/resources","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  origin_not_allowed: {
    when: 'with `CORS_ORIGINS=https://www.example.com`',
    request: 'curl -X OPTIONS -H \'Origin: https://shop.example.net\' -H \'Access-Control-Request-Method: POST\' http://127.0.0.1:8080/signature',
    answer: '{"type":"/docs/errors/origin_not_allowed","title":"Origin not allowed","status":403,"code":"origin_not_allowed","detail":"Pages of \\"https://shop.example.net\\" may not call this gateway.","advice":"List the origin of the page in `CORS_ORIGINS`, such as `https://www.example.com`.","instance":"/signature","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  upstream_forbidden: {
    when: 'when Cloudinary answers 403',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/upstream_forbidden","title":"Cloudinary forbids it","status":403,"code":"upstream_forbidden","detail":"Not allowed for this role","advice":"Check the plan and the role of this environment\'s API key.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"upstream":{"status":403,"message":"Not allowed for this role"}}'
  },
  not_found: {
    when: '',
    request: 'curl http://127.0.0.1:8080/resources/cats/nobody',
    answer: '{"type":"/docs/errors/not_found","title":"Asset not found","status":404,"code":"not_found","detail":"There is no asset \\"cats/nobody\\" under image/upload.","advice":"Check `public_id`, `resource_type`, `type` and the environment; `found_under` tells where it does exist.","instance":"/resources/cats/nobody","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"upstream":{"status":404,"message":"Resource not found - cats/nobody","request_id":"0123456789abcdef0123456789abcdef"}}'
  },
  route_not_found: {
    when: '',
    request: 'curl http://127.0.0.1:8080/resource/cats/tom',
    answer: '{"type":"/docs/errors/route_not_found","title":"No such route","status":404,"code":"route_not_found","detail":"There is no route GET /resource/cats/tom.","advice":"See `/docs` for the routes.","instance":"/resource/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  method_not_allowed: {
    when: '',
    request: 'curl -X PUT http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/method_not_allowed","title":"Method not allowed","status":405,"code":"method_not_allowed","detail":"PUT is not possible here; use DELETE, GET, HEAD, or PATCH.","advice":"Use a method named in the `Allow` header.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  request_timeout: {
    when: 'when the body stops for `UPLOAD_IDLE_TIMEOUT_MS`',
    request: 'POST /upload HTTP/1.1\nHost: 127.0.0.1:8080\nContent-Type: image/jpeg\nContent-Length: 1000',
    answer: '{"type":"/docs/errors/request_timeout","title":"Request too slow","status":408,"code":"request_timeout","detail":"No byte of the file came for 200 ms.","advice":"Send the body without pauses.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  upstream_conflict: {
    when: 'when Cloudinary answers 409',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/upstream_conflict","title":"Already exists","status":409,"code":"upstream_conflict","detail":"Resource cats/tom already exists","advice":"Choose another name, or allow overwriting.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"upstream":{"status":409,"message":"Resource cats/tom already exists"}}'
  },
  idempotency_in_progress: {
    when: 'while the same request is still running',
    request: 'curl -H \'Idempotency-Key: order-8\' -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=orders/8.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/idempotency_in_progress","title":"Idempotency key in use","status":409,"code":"idempotency_in_progress","detail":"An upload with this Idempotency-Key is still running.","advice":"Wait for the first request with this `Idempotency-Key` to end.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  outcome_unknown: {
    when: 'when the answer to the same request before it was lost',
    request: 'curl -H \'Idempotency-Key: order-7\' -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=orders/7.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/outcome_unknown","title":"Outcome unknown","status":409,"code":"outcome_unknown","detail":"The file was sent to Cloudinary and the answer was lost, so it may be stored. Look for the public_id \\"orders/7.csv\\".","advice":"Check whether the asset exists before you send it again, then with a new `Idempotency-Key`.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"look_for":{"public_id":"orders/7.csv","resource_type":"raw","filename":"file","bytes":3,"since":"2026-01-02T03:04:05.678Z"}}'
  },
  payload_too_large: {
    when: 'with `UPLOAD_MAX_BYTES=1000`',
    request: 'curl -H \'Content-Type: image/jpeg\' --data-binary @photo.jpg http://127.0.0.1:8080/upload',
    answer: '{"type":"/docs/errors/payload_too_large","title":"Too large","status":413,"code":"payload_too_large","detail":"The file has 1001 bytes; the limit is 1000.","advice":"Send a smaller file or body, or raise the limit.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  uri_too_long: {
    when: '',
    request: 'curl http://127.0.0.1:8080/assets/aaaaaaaa...',
    answer: '{"type":"/docs/errors/uri_too_long","title":"URL too long","status":414,"code":"uri_too_long","detail":"A part of the path is too long.","advice":"Shorten the path. Long queries fit into the POST form of the route.","instance":"/assets/aaaaaaaa...","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  unsupported_media_type: {
    when: '',
    request: 'curl -H \'Content-Type: application/xml\' -d \'<folder>cats</folder>\' http://127.0.0.1:8080/signature',
    answer: '{"type":"/docs/errors/unsupported_media_type","title":"Unsupported media type","status":415,"code":"unsupported_media_type","detail":"This route takes application/json, named in Content-Type.","advice":"Send a `Content-Type` that the route takes, without `Content-Encoding`.","instance":"/signature","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  expectation_failed: {
    when: '',
    request: 'GET /resources HTTP/1.1\nHost: 127.0.0.1:8080\nExpect: a-miracle\nConnection: close',
    answer: '{"type":"/docs/errors/expectation_failed","title":"Expectation failed","status":417,"code":"expectation_failed","detail":"The request expects something that this gateway does not do.","advice":"Only `Expect: 100-continue` is understood.","instance":"/resources","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  misdirected_request: {
    when: '',
    request: 'GET http://media.example.com/resources HTTP/1.1\nHost: 127.0.0.1:8080\nConnection: close',
    answer: '{"type":"/docs/errors/misdirected_request","title":"Misdirected request","status":421,"code":"misdirected_request","detail":"The URL in the request line names another host than the `Host` header.","advice":"Send the request to the host that its URL names.","instance":"/resources","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  idempotency_key_reused: {
    when: 'when the key was used for another file',
    request: 'curl -H \'Idempotency-Key: order-7\' -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=orders/7.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/idempotency_key_reused","title":"Idempotency key reused","status":422,"code":"idempotency_key_reused","detail":"This Idempotency-Key was used for another request: other parameters, or other bytes.","advice":"Use a new `Idempotency-Key` for each new request.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  param_not_allowed: {
    when: 'when the policy allows the caller `public_id` and `tags` alone',
    request: 'curl -H "Authorization: Bearer $KEY" -H \'Content-Type: application/json\' -d \'{"moderation":"manual"}\' http://127.0.0.1:8080/signature',
    answer: '{"type":"/docs/errors/param_not_allowed","title":"Parameter not allowed","status":422,"code":"param_not_allowed","detail":"/moderation may not be signed by this caller.","advice":"Omit the parameters named in `errors`, or send the values that it allows.","instance":"/signature","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"errors":[{"pointer":"/moderation","message":"may not be signed by this caller"}]}'
  },
  url_not_allowed: {
    when: '',
    request: 'curl -H "Authorization: Bearer $KEY" -H \'Content-Type: application/json\' -d \'{"file":"http://169.254.169.254/latest/meta-data","public_id":"cats/tom"}\' http://127.0.0.1:8080/upload',
    answer: '{"type":"/docs/errors/url_not_allowed","title":"URL not allowed","status":422,"code":"url_not_allowed","detail":"/file points to a private, local or reserved address.","advice":"Use a public URL that the policy of this gateway allows, or send the bytes of the file.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"errors":[{"pointer":"/file","message":"points to a private, local or reserved address"}]}'
  },
  asset_processing: {
    when: 'when Cloudinary answers 423',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/asset_processing","title":"Asset is being processed","status":423,"code":"asset_processing","detail":"Resource is still being processed","advice":"Ask again in a few seconds.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true,"upstream":{"status":423,"message":"Resource is still being processed"}}'
  },
  rate_limited: {
    when: 'with `RATE_PER_ADDRESS=3/3600`, at the fourth request',
    request: 'curl \'http://127.0.0.1:8080/url?public_id=cats/tom\'',
    answer: '{"type":"/docs/errors/rate_limited","title":"Too many requests","status":429,"code":"rate_limited","detail":"This address may send 3 requests in 3600 seconds; the next one in 1200 s.","advice":"Send the request again after the seconds in `Retry-After`.","instance":"/url","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  quota_exhausted: {
    when: 'when Cloudinary answers 420',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/quota_exhausted","title":"Cloudinary quota used up","status":429,"code":"quota_exhausted","detail":"Rate Limit Exceeded. Limit of 500 api operations reached.","advice":"Send the request again after the seconds in `Retry-After`.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true,"upstream":{"status":420,"message":"Rate Limit Exceeded. Limit of 500 api operations reached."}}'
  },
  headers_too_large: {
    when: '',
    request: 'GET /resources HTTP/1.1\nHost: 127.0.0.1:8080\nX-Note: aaaaaaaa...',
    answer: '{"type":"/docs/errors/headers_too_large","title":"Headers too large","status":431,"code":"headers_too_large","detail":"The request line and headers together are over 16 KiB.","advice":"Send fewer or shorter headers.","instance":"/","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  client_closed: {
    when: 'when the caller closes the connection; nobody reads the answer, the log has its code',
    request: 'curl -H \'Idempotency-Key: order-8\' -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=orders/8.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/client_closed","title":"Caller closed the connection","status":499,"code":"client_closed","detail":"The caller went away before the answer was there.","advice":"Nothing was stored; send the request again.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  internal: {
    when: 'when the gateway itself has a fault',
    request: 'curl \'http://127.0.0.1:8080/url?public_id=cats/tom\'',
    answer: '{"type":"/docs/errors/internal","title":"Internal error","status":500,"code":"internal","detail":"Something unexpected happened.","advice":"Report the `request_id`; the log of the gateway has the cause.","instance":"/url","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  },
  credentials_rejected: {
    when: 'when the API secret of `staging` is wrong',
    request: 'curl -H \'X-Environment: staging\' http://127.0.0.1:8080/resources',
    answer: '{"type":"/docs/errors/credentials_rejected","title":"Credentials rejected","status":502,"code":"credentials_rejected","detail":"Cloudinary does not accept the credentials of the environment \\"staging\\": api_secret mismatch","advice":"Correct the credentials of this environment. Those in `_FILE` variables are read again when the file changes; others need a restart.","instance":"/resources","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"upstream":{"status":401,"message":"api_secret mismatch","request_id":"0123456789abcdef0123456789abcdef"}}'
  },
  upstream_failed: {
    when: 'when Cloudinary answers 500 again and again',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/upstream_failed","title":"Cloudinary failed","status":502,"code":"upstream_failed","detail":"Cloudinary failed with status 500.","advice":"Try again; if it lasts, see Cloudinary\'s status page.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true,"upstream":{"status":500,"message":"Internal error"}}'
  },
  integrity_failed: {
    when: 'when Cloudinary stores 2 bytes of 9',
    request: 'curl -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=notes.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/integrity_failed","title":"Stored bytes differ","status":502,"code":"integrity_failed","detail":"9 bytes were sent; Cloudinary stored 2.","advice":"What was stored is named in `stored`: look at it, delete it, and upload again, with another `Idempotency-Key` if you sent one.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false,"stored":{"asset_id":"fedcba9876543210fedcba9876543210","public_id":"notes.csv","resource_type":"raw","type":"upload","bytes":2}}'
  },
  auth_unavailable: {
    when: 'while `AUTH_JWKS_URL` cannot be reached',
    request: 'curl -H "Authorization: Bearer $TOKEN" \'http://127.0.0.1:8080/url?public_id=cats/tom\'',
    answer: '{"type":"/docs/errors/auth_unavailable","title":"Authentication unavailable","status":503,"code":"auth_unavailable","detail":"Tokens cannot be checked at the moment.","advice":"Send the request again after the seconds in `Retry-After`. If it lasts, check that the gateway reaches `AUTH_JWKS_URL`.","instance":"/url","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  overloaded: {
    when: 'when `UPLOAD_MAX_CONCURRENT` uploads are running',
    request: 'curl -H \'Content-Type: text/csv\' --data-binary @orders.csv \'http://127.0.0.1:8080/upload?public_id=orders/8.csv&resource_type=raw\'',
    answer: '{"type":"/docs/errors/overloaded","title":"Too busy","status":503,"code":"overloaded","detail":"2 uploads are running, which is as many as this gateway takes at a time.","advice":"Send the request again after the seconds in `Retry-After`.","instance":"/upload","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  upstream_unavailable: {
    when: 'after several failures in a row',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/upstream_unavailable","title":"Cloudinary unavailable","status":503,"code":"upstream_unavailable","detail":"The last 10 requests to Cloudinary failed; it is asked again in a second.","advice":"Send the request again after the seconds in `Retry-After`.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  upstream_timeout: {
    when: 'when Cloudinary does not answer',
    request: 'curl http://127.0.0.1:8080/resources/cats/tom',
    answer: '{"type":"/docs/errors/upstream_timeout","title":"Cloudinary too slow","status":504,"code":"upstream_timeout","detail":"Cloudinary did not answer in time.","advice":"Try again.","instance":"/resources/cats/tom","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":true}'
  },
  http_version_unsupported: {
    when: '',
    request: 'GET /resources HTTP/3.0\nHost: 127.0.0.1:8080',
    answer: '{"type":"/docs/errors/http_version_unsupported","title":"HTTP version not supported","status":505,"code":"http_version_unsupported","detail":"The request line names another version of HTTP than 1.0 or 1.1.","advice":"Use HTTP/1.1.","instance":"/","request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63","retryable":false}'
  }
}
