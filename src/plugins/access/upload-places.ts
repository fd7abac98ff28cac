import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ANYBODY } from '../../auth/callers/authenticator.ts'
import type { FormFields, Release, UploadOwner } from '../../cloudinary/client.ts'
import type { AnnouncedSize } from '../../input/forms/upload-form.ts'
import { addressKey, isLoopback } from '../../net/addresses.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Holder of the shares that this upload counts in; undefined until it was let in. */
    uploadOwner: UploadOwner | undefined
    /**
     * Takes a place among the uploads until the request is over, before a byte of the body is read.
     * @param announced what the headers say about the size of the file.
     */
    admitUpload (announced: AnnouncedSize | undefined): Promise<void>
    /** Takes a place of another kind, for a direct upload whose proof is still to come. */
    admitUnproven (announced: AnnouncedSize | undefined): Promise<void>
    /** Exchanges that place for one among the uploads, once the signature of this form fits. */
    admitProven (form: FormFields): Promise<void>
    /** Does the same for a form whose file has come already, unless it has such a place. */
    admitLate (form: FormFields): void
    [UNPROVEN]: Release | undefined
  }
}

const UNPROVEN = Symbol('unproven upload')

export interface UploadPlacesOptions {
  /** True when only this machine, or this pod, can call, and nobody needs a key. */
  readonly isLocal: boolean
}

/**
 * Gives each upload a place, and counts it among the shares of its environment, of its caller or address, and of
 * its signature. A holder that is alone has the whole: the only environment, the only caller, the machine itself.
 */
export default fp<UploadPlacesOptions>(async (scope, { isLocal }) => {
  const environmentNamed = (name: string): string | undefined =>
    scope.cloudinary.names().length > 1 ? name : undefined
  const ownerOf = ({ caller, ip, cloudinary }: FastifyRequest): UploadOwner => {
    const environment = environmentNamed(cloudinary.environment.name)
    if (caller.stranger || caller === ANYBODY) {
      const address = addressKey(ip)
      const isMachine = isLocal && caller === ANYBODY && isLoopback(address)
      return { environment, address: isMachine ? undefined : address }
    }
    return { environment, caller: scope.hasSeveralCallers() ? caller.scope ?? caller.name : undefined }
  }
  scope.decorateRequest('uploadOwner', undefined)
  scope.decorateRequest(UNPROVEN, undefined)
  const begin = (request: FastifyRequest, owner: UploadOwner, place: Release): void => {
    request.whenOver(place)
    request.uploadOwner = owner
    request[UNPROVEN]?.()
  }
  scope.decorateRequest('admitUpload', async function (announced) {
    const owner = ownerOf(this)
    const { signing } = this.caller.permissions
    begin(this, owner, await this.cloudinary.admitUpload(owner, announced, signing?.maxBytes))
  })
  scope.decorateRequest('admitUnproven', async function (announced) {
    // Environments that are absent are told apart too, or the refusals would tell which ones exist.
    const asked = { environment: environmentNamed(this.environmentAsked), address: addressKey(this.ip) }
    const { address, caller } = ownerOf(this)
    this[UNPROVEN] = await this.cloudinary.admitUnproven(asked, { address, caller }, announced)
    this.whenOver(this[UNPROVEN])
  })
  scope.decorateRequest('admitProven', async function ({ signature }) {
    const owner = { ...ownerOf(this), signature }
    begin(this, owner, await this.cloudinary.admitUpload(owner))
  })
  scope.decorateRequest('admitLate', function ({ signature }) {
    if (this.uploadOwner) return
    const owner = { ...ownerOf(this), signature }
    begin(this, owner, this.cloudinary.admitAtOnce(owner))
  })
}, { name: 'upload-places', dependencies: ['authentication', 'environment-choice', 'request-life'] })
