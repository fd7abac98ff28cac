import t from 'tap'
import { productionWarnings, serviceLinkWarnings, unknownVariables } from '../../src/config/unknown-variables.ts'

t.test('unknownVariables', async (t) => {
  t.test('names the nearest right one', async (t) => {
    const near: Record<string, string> = {
      UPLOAD_CHUNK_BYTE: 'UPLOAD_CHUNK_BYTES',
      UPSTREAM_CONECT_TIMEOUT_MS: 'UPSTREAM_CONNECT_TIMEOUT_MS',
      SANDBOX_DATE: 'SANDBOX_DATA',
      SANDBOXX: 'SANDBOX',
      GATEWAY_KEY: 'GATEWAY_KEYS',
      GATEWAY_KEYS_FIL: 'GATEWAY_KEYS_FILE',
      AUTH_JWK_URL: 'AUTH_JWKS_URL',
      METRICS_PRT: 'METRICS_PORT',
      CLOUDINARY_ENVIRONMNT: 'CLOUDINARY_ENVIRONMENT',
      CLOUDINARY_EDITOR_APIKEY: 'CLOUDINARY_EDITOR_API_KEY',
      CLOUDINARY_PREVIEW_API_SECRT: 'CLOUDINARY_PREVIEW_API_SECRET',
      CLOUDINARY_CLOUDNAME: 'CLOUDINARY_CLOUD_NAME',
      CLOUDINARY_EDITOR_UPLOAD_PREFX: 'CLOUDINARY_EDITOR_UPLOAD_PREFIX',
      CLOUDINARY_UPLOADPREFIX: 'CLOUDINARY_UPLOAD_PREFIX',
      CLOUDINARY_EU_WEST_PRIVAT_CDN: 'CLOUDINARY_EU_WEST_PRIVATE_CDN',
      CLOUDINARY_EDITOR_SECURE_DISTRIBUTON_FILE: 'CLOUDINARY_EDITOR_SECURE_DISTRIBUTION_FILE',
      CLOUDINARY_PREVIEW_CNAMES: 'CLOUDINARY_PREVIEW_CNAME',
      cloudinary_url: 'CLOUDINARY_URL',
      CLOUDNARY_URL: 'CLOUDINARY_URL',
      POLICYFILE: 'POLICY_FILE',
      POLICY: 'POLICY_FILE',
      CORS_ORIGIN: 'CORS_ORIGINS',
      RATE_PER_ADRESS: 'RATE_PER_ADDRESS',
      TRUST_PROXIES: 'TRUST_PROXY',
      TRUSTPROXY: 'TRUST_PROXY',
      LOGLEVEL: 'LOG_LEVEL',
      log_level: 'LOG_LEVEL',
      SHUTDOWN_GRACE: 'SHUTDOWN_GRACE_SECONDS',
      ROUTE_PREFX: 'ROUTE_PREFIX',
      REDIS_URLS: 'REDIS_URL',
      REDIS_PREFX: 'REDIS_PREFIX',
      REDISPREFIX: 'REDIS_PREFIX',
      JSON_MAXBYTES: 'JSON_MAX_BYTES',
      ALLOW_INSECURE_UPSTREAMS: 'ALLOW_INSECURE_UPSTREAM'
    }
    for (const [name, right] of Object.entries(near)) {
      const [warning] = unknownVariables([name])
      t.equal(warning, `${name} is not a variable of this program; did you mean ${right}?`, name)
    }
  })

  t.test('says so plainly when none is near, and prints no control character', async (t) => {
    t.same(unknownVariables(['UPLOAD_SOMETHING_ELSE_ALTOGETHER_AND_MORE']), ['UPLOAD_SOMETHING_ELSE_ALTOGETHER_AND_MORE is not a variable of this program'])
    t.match(unknownVariables(['CLOUDINARY_\u001B[2J']), [/^CLOUDINARY_\?\[2J is not/])
  })

  t.test('is silent on our own, on Cloudinary\'s and on strangers', async (t) => {
    t.same(
      unknownVariables([
        'PORT',
        'UPLOAD_VERIFY',
        'GATEWAY_KEYS_FILE',
        'CLOUDINARY_ENVIRONMENT_FILE',
        'CLOUDINARY_URL_X',
        'CLOUDINARY_X_API_KEY_FILE',
        'CLOUDINARY_X_PRIVATE_CDN',
        'CLOUDINARY_CNAME_FILE',
        'CLOUDINARY_ACCOUNT_URL',
        'GATEWAY_URL',
        'PATH',
        'HOSTNAME'
      ]),
      []
    )
  })

  t.test('is silent on what others read', async (t) => {
    t.same(unknownVariables(['HOME', 'PATH', 'POST', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_TLS', 'REDIS_USER', 'REDIS_DB', 'REDIS_PASSWORD', 'LOG_FILE', 'LOG_FORMAT', 'HTTP_PROXY', 'NODE_OPTIONS']), [])
    t.equal(unknownVariables(['GATEWAY_PORT']).length, 1, 'Kubernetes may set it, and is not asked here')
  })
})

t.test('a proxy variable that is misspelt by one letter, and none of other programs', async (t) => {
  const meant = { HTTPSPROXY: 'HTTPS_PROXY', HTTP_PROXXY: 'HTTP_PROXY', no_proxi: 'NO_PROXY', ALLPROXY: 'ALL_PROXY', Https_Proxy: 'HTTPS_PROXY' }
  for (const [name, known] of Object.entries(meant)) {
    t.same(unknownVariables([name]), [`${name} is not a variable of this program; did you mean ${known}?`])
  }
  t.same(unknownVariables([
    'HTTPS_PROXY',
    'https_proxy',
    'no_proxy',
    'FTP_PROXY',
    'WS_PROXY',
    'SOCKS_PROXY',
    'RSYNC_PROXY',
    'npm_config_noproxy',
    'GOPROXY',
    'HTTP_PROXY_PORT'
  ]), [])
})

t.test('serviceLinkWarnings names the settings that a Service stands in the way of', async (t) => {
  t.same(serviceLinkWarnings(new Set()), [])
  t.same(serviceLinkWarnings(new Set(['METRICS_SERVICE_HOST', 'METRICS_PORT_80_TCP', 'GATEWAY_PORT'])), [])
  t.match(serviceLinkWarnings(new Set(['METRICS_PORT'])), [/^METRICS_PORT is not read: Kubernetes sets it/])
  t.match(serviceLinkWarnings(new Set(['SANDBOX_PORT', 'METRICS_PORT'])), [/^METRICS_PORT, SANDBOX_PORT are not read/])
})

t.test('productionWarnings', async (t) => {
  for (const value of ['prod', 'Production', 'PRODUCTION', 'producton', 'prod-eu']) t.match(productionWarnings(value), [/^NODE_ENV looks like production/], value)
  for (const value of ['', 'production', 'development', 'test', 'staging']) t.same(productionWarnings(value), [], value)
})
