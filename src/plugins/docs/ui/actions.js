/**
 * @typedef {object} Variant One way to send an action.
 * @property {string} operation Its operationId.
 * @property {string} [media] Media type of the body; none when the operation takes no body.
 * @property {string} label
 * @property {Readonly<Record<string, string>>} [values] What fields hold at first, so that a request on the
 *   samples of the sandbox works at once. An update needs something to say: it says the tag that the sample has.
 */
/**
 * @typedef {object} Action
 * @property {string} id
 * @property {string} purpose What it does, in half a line.
 * @property {string} verb Word on its button.
 * @property {readonly Variant[]} variants
 * @property {readonly string[]} common Fields that are shown at once, in this order; others are folded.
 * @property {string} [note] What a reader should know before sending.
 * @property {string} [signedBy] Operation that signs the fields before they are sent.
 */

const FORM = 'multipart/form-data'
const BYTES = 'application/octet-stream'
const JSON_TYPE = 'application/json'

/** A red pixel: a file that fits into a line. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAPAAAP8AAAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=='
const UPLOAD_FIELDS = [
  'file',
  'public_id',
  'folder',
  'tags',
  'resource_type',
  'type',
  'context',
  'metadata',
  'moderation',
  'overwrite',
  'upload_preset',
  'eager'
]
const KIND = ['resource_type', 'type']

/** The nine actions, in the order in which people meet them. @type {readonly Action[]} */
export const ACTIONS = [
  {
    id: 'uploadResource',
    purpose: 'Store a file: from this device, as bytes, or from a URL.',
    verb: 'Upload',
    variants: [
      { operation: 'uploadResource', media: FORM, label: 'File in a form' },
      { operation: 'uploadResource', media: BYTES, label: 'File as bytes' },
      { operation: 'uploadRemoteResource', media: JSON_TYPE, label: 'URL in JSON', values: { file: PIXEL } }
    ],
    common: UPLOAD_FIELDS
  },
  {
    id: 'getUrl',
    purpose: 'Build the delivery URL of an asset, transformed or as it is.',
    verb: 'Get URL',
    variants: [
      { operation: 'getUrl', label: 'Query', values: { public_id: 'sample' } },
      { operation: 'getUrlFromJson', media: JSON_TYPE, label: 'JSON body', values: { public_id: 'sample' } }
    ],
    common: [
      'public_id',
      'transformation',
      'width',
      'height',
      'crop',
      'aspect_ratio',
      'quality',
      'raw_transformation',
      'format',
      ...KIND,
      'version',
      'secure'
    ]
  },
  {
    id: 'getAllResources',
    purpose: 'List assets, page by page.',
    verb: 'List assets',
    variants: [{ operation: 'getAllResources', label: 'Query' }],
    common: [
      ...KIND,
      'prefix',
      'max_results',
      'next_cursor',
      'tags',
      'context',
      'moderations',
      'metadata',
      'direction',
      'start_at',
      'public_ids'
    ]
  },
  {
    id: 'getResourceById',
    purpose: 'Read everything that is known of one asset.',
    verb: 'Get asset',
    variants: [
      { operation: 'getResourceById', label: 'By public ID', values: { public_id: 'samples/logo' } },
      { operation: 'getResourceByAssetId', label: 'By asset ID' }
    ],
    common: ['public_id', 'asset_id', ...KIND, 'colors', 'faces', 'media_metadata']
  },
  {
    id: 'updateResource',
    purpose: 'Change tags, context, metadata or moderation of one asset.',
    verb: 'Update asset',
    note: 'The fields hold a sample and the tag that it has, so nothing changes. Naming another asset clears them.',
    variants: [
      {
        operation: 'updateResource',
        media: JSON_TYPE,
        label: 'By public ID',
        values: { public_id: 'samples/logo', tags: 'sample' }
      },
      { operation: 'updateResourceByAssetId', media: JSON_TYPE, label: 'By asset ID' }
    ],
    common: [
      'public_id',
      'asset_id',
      'tags',
      'context',
      'metadata',
      'moderation_status',
      'display_name',
      'asset_folder',
      ...KIND
    ]
  },
  {
    id: 'deleteResource',
    purpose: 'Delete one asset for good.',
    verb: 'Delete asset',
    variants: [
      {
        operation: 'deleteResource',
        label: 'By public ID',
        values: { public_id: 'samples/landscapes/dunes' }
      },
      { operation: 'deleteResourceByAssetId', label: 'By asset ID' }
    ],
    common: ['public_id', 'asset_id', ...KIND, 'invalidate']
  },
  {
    id: 'getSignedUrl',
    purpose: 'Make a link to a private asset that expires.',
    verb: 'Get signed URL',
    variants: [
      { operation: 'getSignedUrl', label: 'Query', values: { public_id: 'samples/private' } },
      {
        operation: 'getSignedUrlFromJson',
        media: JSON_TYPE,
        label: 'JSON body',
        values: { public_id: 'samples/private' }
      }
    ],
    common: ['public_id', 'expires_at', 'attachment', 'type', 'resource_type', 'format']
  },
  {
    id: 'generateSignature',
    purpose: 'Sign the fields that a browser then sends beside its file.',
    verb: 'Sign',
    variants: [{ operation: 'generateSignature', media: JSON_TYPE, label: 'JSON body' }],
    common: [
      'timestamp',
      'folder',
      'upload_preset',
      'public_id',
      'tags',
      'eager',
      'context',
      'moderation',
      'notification_url',
      'transformation'
    ]
  },
  {
    id: 'directUpload',
    purpose: 'Store a file with a signature in place of a key.',
    verb: 'Upload',
    variants: [{ operation: 'directUpload', media: FORM, label: 'File in a form' }],
    common: ['file', 'timestamp', 'signature', 'resource_type', 'public_id', 'folder', 'tags'],
    note: 'Without a signature, the fields are signed by `POST /signature` first, with your key.',
    signedBy: 'generateSignature'
  }
]

/** Media types that a variant is made for when no table names it. */
const USUAL = [FORM, JSON_TYPE]

/**
 * What else the document holds, each operation as an action of its own.
 * @param {ReadonlyMap<string, import('./document.js').Operation>} operations
 * @returns {Action[]}
 */
export function otherActions (operations) {
  const known = new Set(ACTIONS.flatMap(({ variants }) => variants.map(({ operation }) => operation)))
  return [...operations.values()]
    .filter(({ id }) => !known.has(id))
    .map(({ id, bodies }) => {
      const media = USUAL.find((type) => bodies.has(type))
      return {
        id,
        purpose: '',
        verb: 'Send',
        common: [],
        variants: [{ operation: id, label: '', ...(media && { media }) }]
      }
    })
}

/**
 * The variants of an action that the document has.
 * @param {Action} action
 * @param {ReadonlyMap<string, import('./document.js').Operation>} operations
 * @returns {Variant[]}
 */
export function variantsOf ({ variants }, operations) {
  return variants.filter(({ operation, media }) => {
    const known = operations.get(operation)
    return known !== undefined && (media === undefined || known.bodies.has(media))
  })
}
