import fp from 'fastify-plugin'
import { wallClock } from '../../clock.ts'
import { withFormLineEnds } from '../../input/forms/line-ends.ts'
import { requireTimestamp, SIGNATURE_LIFE_SECONDS } from '../../input/signature-time.ts'
import type { SignedFormAnswer } from '../../schemas/signed-form.ts'
import type { SignableParameters } from '../../schemas/upload-parameters.ts'

/** What is to be signed, as wire text. */
export interface FormWish {
  readonly parameters: Readonly<Record<string, string>>
  readonly resourceType: string
  /** True when nothing may be added to the parameters. */
  readonly exact?: boolean
  /** Where the parameters stand in the request, as a JSON pointer, when not at its root. */
  readonly within?: string
}

/**
 * Signed forms for one wish. `another` returns a new one where a form is good for one asset, otherwise the
 * first.
 */
export interface FormMaker {
  readonly first: SignedFormAnswer
  readonly another: () => SignedFormAnswer
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Returns settings as the text that a page sends in its form. The timestamp defaults to the present time.
     * @throws {GatewayError} `invalid_request` for a timestamp that is too old or too far ahead.
     */
    settingsText (settings: SignableParameters, within?: string): Record<string, string>
    /**
     * Judges the wish by the caller's policy, once for any number of forms, and returns what makes them.
     * @throws {GatewayError} the refusal, as `permit` does.
     */
    formMaker (wish: FormWish): FormMaker
  }
}

/** Makes signed forms for the routes that answer them. */
export default fp(async (scope) => {
  scope.decorateRequest('settingsText', function (settings, within = '') {
    const nowSeconds = Math.floor(wallClock() / 1000)
    const timestamp = settings.timestamp ?? nowSeconds
    requireTimestamp(timestamp, nowSeconds, within)
    const fields = this.cloudinary.encode({ ...settings, timestamp })
    // Pages send what is signed in a form, which changes line ends: these are signed as they will arrive.
    for (const [name, text] of Object.entries(fields)) fields[name] = withFormLineEnds(text)
    return fields
  })
  scope.decorateRequest('formMaker', function ({ resourceType, ...wish }) {
    const { cloudinary, caller } = this
    // What the caller's policy forces comes in here, and what keeps the signature from serving another call.
    const permit = this.permit({ action: 'generateSignature', resourceType, ...wish })
    const { apiKey, cloudName, uploadPrefix, publicUploadPrefix = uploadPrefix } = cloudinary.environment
    const form = (parameters: Readonly<Record<string, string>>): SignedFormAnswer => {
      const signature = cloudinary.sign(parameters, caller.scope ?? caller.name, permit.maxBytes)
      const signedAt = Number(parameters['timestamp'])
      return {
        signature,
        timestamp: signedAt,
        expires_at: signedAt + SIGNATURE_LIFE_SECONDS,
        api_key: apiKey,
        cloud_name: cloudName,
        resource_type: resourceType,
        upload_url: `${publicUploadPrefix}/v1_1/${encodeURIComponent(cloudName)}/${resourceType}/upload`,
        // Not by a spread, which is slow where an object has been made name by name.
        fields: Object.assign({}, parameters, { api_key: apiKey, signature })
      }
    }
    const first = form(permit.parameters)
    return { first, another: () => permit.another ? form(permit.another()) : first }
  })
}, { name: 'signed-form', dependencies: ['cloudinary', 'authorization'] })
