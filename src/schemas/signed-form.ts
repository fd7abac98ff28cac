import { Type, type Static } from '@sinclair/typebox'
import { UploadResourceType } from './assets.ts'
import { signableParameters } from './upload-parameters.ts'

/** Settings that a signature is asked for with. */
export const signatureSettings = {
  ...signableParameters,
  resource_type: UploadResourceType // not signed: it is a part of upload_url
}

/** A signed form: what `POST /signature` answers, and `POST /signature/batch` for each file. */
export const SignedForm = Type.Object({
  signature: Type.String({ description: '40 (SHA-1) or 64 (SHA-256) hex digits.' }),
  timestamp: Type.Integer(),
  expires_at: Type.Integer({
    description: 'Unix time in seconds after which Cloudinary refuses the signature.'
  }),
  api_key: Type.String(),
  cloud_name: Type.String(),
  resource_type: Type.String(),
  upload_url: Type.String({ description: 'Where to POST the form.' }),
  fields: Type.Unsafe<Record<string, string>>({
    description: 'Every field of the form, as text, exactly as it must be sent beside `file`.',
    type: 'object',
    additionalProperties: Type.String()
  })
}, { 'x-component': 'SignedForm' })

export type SignedFormAnswer = Static<typeof SignedForm>
