import t from 'tap'
import { unknownVariables } from '../../src/config/unknown-variables.ts'

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
      cloudinary_url: 'CLOUDINARY_URL'
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
    t.same(unknownVariables(['PORT', 'UPLOAD_VERIFY', 'GATEWAY_KEYS_FILE', 'CLOUDINARY_ENVIRONMENT_FILE', 'CLOUDINARY_URL_X', 'CLOUDINARY_X_API_KEY_FILE', 'CLOUDINARY_ACCOUNT_URL', 'PATH', 'HOSTNAME']), [])
  })
})
