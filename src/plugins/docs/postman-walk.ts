/** What a request of the collection holds when it is sent as it is. */
export interface Sample {
  readonly query?: Readonly<Record<string, string>>
  readonly path?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
  /** Lines of a script that runs before the request, or after its answer. */
  readonly before?: readonly string[]
  readonly after?: readonly string[]
}

/** A file to send, by its path below the folder of the project. */
export interface SampleFile { readonly src: string }

export const isFile = (value: unknown): value is SampleFile =>
  typeof value === 'object' && value !== null && 'src' in value

/** One pixel, so that an upload works without a file. */
const PIXEL = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PICTURE: SampleFile = { src: 'test/fixtures/landscape.jpg' }
const ID = 'postman/pixel'
/** Set once the asset is uploaded. */
const ASSET_ID = '{{asset_id}}'
const KEEP_ASSET_ID = ["pm.collectionVariables.set('asset_id', pm.response.json().asset_id)"]

/** Operations in the order of a walk: each finds what those before it have made, the last takes it away. */
export const WALK: Readonly<Record<string, Sample>> = {
  getHealth: {},
  getReadiness: {},
  getEnvironments: {},
  uploadRemoteResource: { body: { file: PIXEL, public_id: ID, tags: ['postman'] }, after: KEEP_ASSET_ID },
  uploadResource: { body: { file: PICTURE, public_id: ID, tags: 'postman' }, after: KEEP_ASSET_ID },
  getUrl: { query: { public_id: ID, width: '300', height: '200', crop: 'fill', format: 'jpg' } },
  getUrlFromJson: { body: { public_id: ID, transformation: [{ width: 300, height: 200, crop: 'fill' }, { radius: 'max' }], format: 'png' } },
  getAllResources: { query: { prefix: 'postman/', tags: 'true' } },
  getResourceById: { path: { public_id: ID } },
  updateResource: { path: { public_id: ID }, body: { tags: ['postman', 'seen'], context: { caption: 'One pixel' } } },
  getResourceByAssetId: { path: { asset_id: ASSET_ID } },
  updateResourceByAssetId: { path: { asset_id: ASSET_ID }, body: { tags: ['postman', 'seen', 'twice'] } },
  getSignedUrl: { query: { public_id: ID, type: 'upload', format: 'png' } },
  getSignedUrlFromJson: { body: { public_id: ID, type: 'upload', format: 'png', attachment: true } },
  deleteResourceByAssetId: { path: { asset_id: ASSET_ID } },
  generateSignature: {
    body: { public_id: ID, tags: ['postman'] },
    after: ["pm.collectionVariables.set('signed', JSON.stringify(pm.response.json().fields))"]
  },
  directUpload: {
    body: { file: PICTURE },
    before: [
      "const signed = JSON.parse(pm.collectionVariables.get('signed') || '{}')",
      'const { formdata } = pm.request.body',
      'formdata.remove(({ key }) => key in signed)',
      "for (const [key, value] of Object.entries(signed)) formdata.add({ key, value, type: 'text' })"
    ]
  },
  getSignatureRules: {},
  generateSignatures: {
    body: { fields: { tags: ['postman'] }, files: [{ name: 'a.jpg', size: 1000, type: 'image/jpeg' }] }
  },
  explainSignature: { body: { fields: { timestamp: '1700000000', folder: 'a' }, signature: '0'.repeat(40) } },
  deleteResource: { path: { public_id: ID } }
}
