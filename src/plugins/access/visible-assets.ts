import fp from 'fastify-plugin'
import { jsonObject, type Place, type Relayed } from '../../cloudinary/client.ts'
import { GatewayError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Returns an answer about one asset as far as the caller may see it: without related assets of others. After
     * a change, an answer about another asset is replaced by the name of the one that was `changed`.
     * @throws {GatewayError} `upstream_failed` when the answer is about an asset that the caller may not see.
     */
    visible (answer: Relayed, changed?: Place & { readonly public_id: string }): Relayed
  }
}

interface Asset { readonly public_id: string, readonly related_assets?: unknown }

/** Returns the public ID of a related asset, which is an object, or text such as `image/upload/cats/tom`. */
function relatedId (related: unknown): string | undefined {
  if (typeof related === 'string') return related.split('/').slice(2).join('/')
  // Whatever it is, it may have members.
  const { public_id: publicId } = Object(related) as { readonly public_id?: unknown }
  return typeof publicId === 'string' ? publicId : undefined
}

/** Hides other assets in Cloudinary's answers from callers with a folder of their own. */
export default fp(async (scope) => {
  scope.decorateRequest('visible', function (answer, changed) {
    if (this.caller.permissions.folder === undefined) return answer
    const whole = jsonObject(answer.body) as unknown as Asset // judged when it came
    const { related_assets: related, ...asset } = whole
    if (!this.sees(asset.public_id)) {
      if (changed) return { ...answer, body: Buffer.from(JSON.stringify(changed)) }
      const message = 'Cloudinary\'s answer is not about the asset that was asked for.'
      throw new GatewayError('upstream_failed', message)
    }
    if (related === undefined) return answer
    const seen = [related].flat().filter((one) => this.sees(relatedId(one)))
    return { ...answer, body: Buffer.from(JSON.stringify({ ...asset, related_assets: seen })) }
  })
}, { name: 'visible-assets', dependencies: ['authorization'] })
