/** The table of test/contract/policy-table.test.ts: rules of a policy, and what each refuses on each route. */

const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const LATER = Math.floor(Date.now() / 1000) + 7200

export type Fields = Readonly<Record<string, unknown>>
/** Requests that are refused, or why the rule does not concern the route. */
type Cell = readonly Fields[] | string
interface Row {
  /** Rules of the caller of this row. */
  readonly rules: object
  /** Statuses of the refusals; by default those of rights, sizes, parameters and URLs. */
  readonly refusals?: readonly number[]
  readonly cells: Readonly<Record<string, Cell>>
}

const cells = (names: readonly string[], cell: Cell): Record<string, Cell> => Object.fromEntries(names.map((name) => [name, cell]))

const OWN_UPLOADS = ['uploadResource', 'uploadRemoteResource']
const FORMS = ['generateSignature', 'generateSignatures']
const UPLOADS = [...OWN_UPLOADS, ...FORMS]
export const URLS = ['getUrl', 'getUrlFromJson']
export const LINKS = ['getSignedUrl', 'getSignedUrlFromJson']
export const BY_NAME = ['getResourceById', 'updateResource', 'deleteResource']
const BY_ASSET_ID = ['getResourceByAssetId', 'updateResourceByAssetId', 'deleteResourceByAssetId']
export const UPDATES = ['updateResource', 'updateResourceByAssetId']
const DELETIONS = ['deleteResource', 'deleteResourceByAssetId']
const ACTIONS = [...UPLOADS, ...URLS, ...LINKS, ...BY_NAME, ...BY_ASSET_ID, 'getAllResources', 'directUpload', 'explainSignature']
export const ALL = [...ACTIONS, 'getSignatureRules', 'getEnvironments']
const without = (...names: readonly string[]): string[] => ALL.filter((name) => !names.includes(name))

const VOUCHED = 'the signature vouches for the fields, and who asked for it is not known'
const NO_NAME = 'names no asset'
const NO_UPLOAD = 'uploads nothing'
const READS = 'changes nothing'

/** Ways of an upload to a place, under `folder` and `name`, that is not the caller's; a place of its own is `users/1`. */
const MISPLACED: readonly Fields[] = [
  { public_id: 'users/2/a' },
  { public_id: 'users/1/%2e%2e/2' },
  { folder: 'users/2' },
  { folder: 'users/2', public_id: 'users/1/a' },
  { public_id: 'users/1/a', public_id_prefix: 'users/2' },
  { public_id: 'users/1/a', asset_folder: 'users/2', use_asset_folder_as_public_id_prefix: true },
  { folder: 'users/2', use_filename: true, unique_filename: false },
  { folder: 'users/2', use_filename: true, unique_filename: false, filename_override: 'users' },
  { folder: 'users/1', use_filename: true, filename_override: '../2/a' },
  { public_id: 'users/1/a', upload_preset: 'p' },
  { public_id: 'users/1/a', eval: 'x' },
  { public_id: 'users/1/a', on_success: 'x' }
]
const SHOWN_IN = [{ public_id: 'users/1/a', asset_folder: 'users/2' }]
/** What updates share with uploads and does more than describe. */
const HELD: readonly Fields[] = [
  { headers: 'X-Robots-Tag: none' }, { access_control: [{ access_type: 'anonymous' }] }, { auto_tagging: 0.5 }, { auto_transcription: true },
  { background_removal: 'x' }, { categorization: 'x' }, { detection: 'x' }, { ocr: 'x' }, { raw_convert: 'x' }, { similarity_search: 'x' }, { visual_search: true }
]
/** What would choose the public ID of a form for single use, or let it replace an asset. */
const CHOOSING: readonly Fields[] = [
  { public_id: 'a' }, { public_id_prefix: 'a' }, { use_filename: true }, {
    asset_folder: 'a', use_asset_folder_as_public_id_prefix: true
  },
  { overwrite: true }, { upload_preset: 'p' }, { eval: 'x' }, { on_success: 'x' }
]
/** Parts of a public ID that hold a parameter, which Cloudinary would sign in its answer. */
const ECHOED: readonly Fields[] = ['public_id', 'folder', 'public_id_prefix', 'asset_folder', 'filename_override'].map((name) => ({ [name]: 'a&tags=b' }))
const LAYERS = ['l_users:2:a', 'u_private:users:2:a', 'd_users:2:a.png', 'w_10/l_fetch:aHR0cHM6Ly9hLmI', '$a_!users:2:a!', 'fn_wasm:a.wasm', 'site_b']

export const ROWS: Readonly<Record<string, Row>> = {
  environments: {
    rules: { environments: ['production'] },
    cells: {
      ...cells([...ACTIONS, 'getSignatureRules'], [{ environment: 'staging' }, { environment: 'absent' }]),
      getEnvironments: 'lists those that the caller may use'
    }
  },
  actions: {
    rules: { actions: [] },
    cells: {
      ...cells(ACTIONS, [{}]),
      getSignatureRules: 'tells that nothing can be signed',
      getEnvironments: 'is for every caller'
    }
  },
  read_only: {
    rules: { read_only: true },
    cells: { ...cells([...UPLOADS, ...UPDATES, ...DELETIONS, 'directUpload'], [{}]), ...cells(without(...UPLOADS, ...UPDATES, ...DELETIONS, 'directUpload'), READS) }
  },
  'delete.allow': {
    rules: { delete: { allow: false } },
    cells: {
      ...cells(DELETIONS, [{}]),
      ...cells(UPLOADS, [{ return_delete_token: true }, { eval: 'x' }]),
      directUpload: VOUCHED,
      ...cells(without(...DELETIONS, ...UPLOADS, 'directUpload'), 'deletes nothing')
    }
  },
  'delete.protected': {
    rules: { delete: { protected: ['users/2/**'] } },
    cells: {
      deleteResource: [{ public_id: 'users/2/a' }, { public_id: 'users/2%2Fa' }],
      deleteResourceByAssetId: [{}],
      ...cells(UPLOADS, [
        ...MISPLACED.slice(0, 1),
        { folder: 'users/2', public_id: 'a' },
        { public_id: 'a', public_id_prefix: 'users/2' },
        { public_id: 'a', asset_folder: 'users/2', use_asset_folder_as_public_id_prefix: true },
        { folder: 'users/2', use_filename: true, unique_filename: false },
        { folder: 'users/2', use_filename: true, unique_filename: false, filename_override: 'a' },
        { public_id: 'a', upload_preset: 'p' },
        { public_id: 'a', on_success: 'x' },
        { public_id: 'a', eval: 'x' },
        { public_id: 'users/2/a', overwrite: true },
        { public_id: 'users/2/b', overwrite: false, return_delete_token: true }
      ]),
      directUpload: VOUCHED,
      ...cells(without(...DELETIONS, ...UPLOADS, 'directUpload'), 'neither deletes an asset nor replaces it')
    }
  },
  folder: {
    rules: { folder: 'users/1' },
    cells: {
      ...cells(OWN_UPLOADS, [...MISPLACED, ...SHOWN_IN, { file: 's3://bucket/a.jpg' }]),
      generateSignatures: [...MISPLACED, ...SHOWN_IN],
      ...cells(['generateSignature'], [...MISPLACED, ...SHOWN_IN, ...MISPLACED.map((fields) => ({ paramsToSign: { source: 'uw', timestamp: LATER - 7200, ...fields } }))]),
      ...cells([...URLS, ...LINKS, ...BY_NAME], [{ public_id: 'users/2/a' }, { public_id: 'users/1/%2e%2e/2/a' }, { public_id: 'users/10/a' }]),
      updateResource: [{ public_id: 'users/2/a' }, { public_id: 'users/1/a', asset_folder: 'users/2' }],
      ...cells(BY_ASSET_ID, [{}]),
      updateResourceByAssetId: [{}, { asset_folder: 'users/2' }],
      getAllResources: [{ prefix: 'users/2/' }, { prefix: 'users' }, { public_ids: ['users/2/a'] }, { start_at: '2026-01-01' }],
      directUpload: VOUCHED,
      ...cells(['explainSignature', 'getSignatureRules', 'getEnvironments'], NO_NAME)
    }
  },
  'no rules': {
    rules: {},
    refusals: [400, 422],
    cells: {
      ...cells(UPLOADS, ECHOED),
      directUpload: [...ECHOED, { file: 's3://bucket/a.jpg' }, { file: 'gs://bucket/a.jpg' }],
      ...cells(without(...UPLOADS, 'directUpload'), 'gets no signed answer from Cloudinary')
    }
  },
  'folder, in pictures': {
    rules: { folder: 'users/1' },
    cells: {
      ...cells(UPLOADS, LAYERS.flatMap((layer) => [
        { transformation: layer }, { eager: [layer] }, { responsive_breakpoints: [{ create_derived: true, transformation: layer }] }
      ])),
      ...cells([...URLS, ...LINKS], [...LAYERS.map((transformation) => ({ transformation })), { transformation: { overlay: 'users:2:a' } }]),
      getUrl: [
        ...LAYERS.flatMap((layer) => [{ transformation: layer }, { raw_transformation: layer }]),
        { overlay: 'users:2:a' }, { underlay: 'users:2:a' }, { default_image: 'users:2:a.png' }
      ],
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, ...URLS, ...LINKS, 'directUpload'), 'makes no picture')
    }
  },
  'signed_urls.validity_seconds': {
    rules: { signed_urls: { validity_seconds: 60 } },
    cells: {
      ...cells(LINKS, [{ expires_at: LATER }]),
      ...cells(URLS, [{ type: 'private' }, { type: 'authenticated', sign_url: true }, { sign_url: true }]),
      ...cells(without(...LINKS, ...URLS), 'makes no signed URL')
    }
  },
  'sign.allow': {
    rules: { sign: { allow: ['public_id'] } },
    cells: {
      ...cells(UPLOADS, [...HELD, { context: { a: 'b' } }]),
      ...cells(UPDATES, HELD),
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, ...UPDATES, 'directUpload'), NO_UPLOAD)
    }
  },
  'sign.require': {
    rules: { sign: { require: ['tags'] } },
    cells: { ...cells(UPLOADS, [{}]), directUpload: VOUCHED, ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD) }
  },
  'sign.force': {
    rules: { sign: { force: { folder: 'users/1', ocr: 'adv_ocr' } } },
    cells: {
      ...cells(UPLOADS, [{ folder: 'users/2' }, { ocr: 'other' }, { asset_folder: 'users/2' }, { upload_preset: 'p' }, { public_id_prefix: 'users/2' }, { asset_folder: 'users/2', use_asset_folder_as_public_id_prefix: true }]),
      ...cells(UPDATES, [{ ocr: 'other' }, { asset_folder: 'users/2' }]),
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, ...UPDATES, 'directUpload'), NO_UPLOAD)
    }
  },
  'sign.folder': {
    rules: { sign: { folder: ['users/1', 'users/1/*'] } },
    cells: {
      ...cells(UPLOADS, [{}, { public_id: 'a' }, { use_filename: true }, ...MISPLACED, ...SHOWN_IN]),
      ...cells(UPDATES, [{ asset_folder: 'users/2' }]),
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, ...UPDATES, 'directUpload'), NO_UPLOAD)
    }
  },
  'sign.public_id': {
    rules: { sign: { public_id: ['users/1/*'] } },
    cells: { ...cells(UPLOADS, [{}, { public_id: 'a' }, { use_filename: true }, ...MISPLACED]), directUpload: VOUCHED, ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD) }
  },
  'sign.formats': {
    rules: { sign: { formats: ['gif'] } },
    cells: { ...cells(UPLOADS, [{ allowed_formats: ['svg'] }, { format: 'svg' }]), directUpload: VOUCHED, ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD) }
  },
  'sign.presets': {
    rules: { sign: { presets: ['mine'] } },
    cells: { ...cells(UPLOADS, [{ upload_preset: 'p' }]), directUpload: VOUCHED, ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD) }
  },
  'sign.notification_hosts': {
    rules: { sign: { notification_hosts: ['hooks.example.com'] } },
    cells: {
      ...cells(UPLOADS, ['https://example.com/', 'poll://jobs'].flatMap((url) => [{ notification_url: url }, { eager_notification_url: url }])),
      ...cells([...UPDATES, ...DELETIONS], [{ notification_url: 'https://example.com/' }, { notification_url: 'poll://jobs' }]),
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, ...UPDATES, ...DELETIONS, 'directUpload'), 'notifies nobody')
    }
  },
  'sign.resource_types': {
    rules: { sign: { resource_types: ['image'] } },
    cells: { ...cells(UPLOADS, [{ resource_type: 'raw' }, { resource_type: 'auto' }]), directUpload: VOUCHED, ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD) }
  },
  'sign.validity_seconds': {
    rules: { sign: { validity_seconds: 60, allow: ['source'] } },
    cells: {
      generateSignature: [{ paramsToSign: { source: 'uw', timestamp: LATER - 7200 } }],
      generateSignatures: 'dates its forms itself',
      ...cells(OWN_UPLOADS, 'the gateway signs for the moment'),
      ...cells(without(...UPLOADS), 'signs nothing')
    }
  },
  'sign.max_bytes': {
    rules: { sign: { max_bytes: 10 } },
    cells: {
      ...cells(OWN_UPLOADS, [{}]),
      generateSignature: 'no signature carries a size',
      generateSignatures: 'answers a problem for each file that is too large',
      directUpload: [{}],
      ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD)
    }
  },
  'sign.single_use': {
    rules: {
      sign: { single_use: true, allow: [...CHOOSING.flatMap((fields) => Object.keys(fields)), 'tags'] }
    },
    cells: {
      generateSignature: [...CHOOSING, { paramsToSign: { source: 'uw', timestamp: LATER - 7200 } }],
      generateSignatures: CHOOSING,
      ...cells(OWN_UPLOADS, 'makes no form'),
      directUpload: VOUCHED,
      ...cells(without(...UPLOADS, 'directUpload'), NO_UPLOAD)
    }
  }
}

/** Rules that say nothing of what a request may hold. */
export const NOT_OF_REQUESTS: Readonly<Record<string, string>> = { keys: 'say who the caller is', jwt: 'says who the caller is', rate: 'counts requests, whatever they hold' }

const PLACES = ['folder', 'sign.folder', 'sign.public_id'] as const
/** Fields that a rule concerns, wherever a route with a row of its own has them. */
export const CONCERNED: Readonly<Record<string, readonly string[]>> = {
  public_id: ['folder', 'delete.protected', 'sign.folder', 'sign.public_id', 'sign.single_use'],
  folder: [...PLACES, 'sign.force', 'delete.protected'],
  public_id_prefix: [...PLACES, 'sign.force', 'delete.protected', 'sign.single_use'],
  asset_folder: ['folder', 'sign.folder', 'sign.force'],
  use_asset_folder_as_public_id_prefix: [...PLACES, 'sign.force', 'delete.protected', 'sign.single_use'],
  use_filename: [...PLACES, 'delete.protected', 'sign.single_use'],
  unique_filename: ['sign.public_id', 'delete.protected'],
  filename_override: [...PLACES, 'delete.protected'],
  upload_preset: [...PLACES, 'sign.force', 'sign.presets', 'delete.protected', 'sign.single_use'],
  eval: [...PLACES, 'delete.allow', 'delete.protected', 'sign.single_use'],
  on_success: [...PLACES, 'delete.protected', 'sign.single_use'],
  overwrite: ['delete.protected', 'sign.single_use'],
  return_delete_token: ['delete.allow', 'delete.protected'],
  file: ['folder'],
  paramsToSign: ['folder', 'sign.validity_seconds', 'sign.single_use'],
  transformation: ['folder, in pictures'],
  eager: ['folder, in pictures'],
  responsive_breakpoints: ['folder, in pictures'],
  raw_transformation: ['folder, in pictures'],
  overlay: ['folder, in pictures'],
  underlay: ['folder, in pictures'],
  default_image: ['folder, in pictures'],
  prefix: ['folder'],
  public_ids: ['folder'],
  start_at: ['folder'],
  type: ['signed_urls.validity_seconds'],
  sign_url: ['signed_urls.validity_seconds'],
  expires_at: ['signed_urls.validity_seconds'],
  allowed_formats: ['sign.formats'],
  format: ['sign.formats'],
  notification_url: ['sign.notification_hosts'],
  eager_notification_url: ['sign.notification_hosts'],
  resource_type: ['sign.resource_types'],
  headers: ['sign.allow'],
  ...Object.fromEntries([
    'access_control', 'auto_tagging', 'auto_transcription', 'background_removal', 'categorization', 'detection', 'ocr', 'raw_convert', 'similarity_search', 'visual_search'
  ].map((name) => [name, ['sign.allow']]))
}

/** Fields that no rule of its own concerns: they describe, choose among what may be seen, or prove. Uploads still want them allowed. */
export const FREE: ReadonlySet<string> = new Set([
  // of the asset itself
  'tags', 'context', 'metadata', 'clear_invalid', 'display_name', 'use_filename_as_display_name', 'unique_display_name', 'discard_original_filename', 'moderation', 'moderation_status', 'access_mode', 'regions',
  'face_coordinates', 'custom_coordinates', 'quality_override', 'backup', 'invalidate', 'async', 'eager_async', 'batch_id', 'source', 'proxy', 'callback',
  // what to say of it
  'diagnose', 'faces', 'colors', 'phash', 'exif', 'image_metadata', 'media_metadata', 'quality_analysis', 'accessibility_analysis', 'cinemagraph_analysis', 'auto_chaptering', 'auto_video_details', 'pages', 'coordinates', 'versions',
  'files', 'related', 'max_results', 'derived_next_cursor', 'related_next_cursor', 'next_cursor', 'moderations', 'direction', 'fields', 'tag', 'moderation_kind',
  // of URLs
  'version', 'secure', 'url_suffix', 'redirect', 'attachment', 'target_filename', 'width', 'height', 'crop', 'aspect_ratio', 'quality', 'gravity', 'fetch_format', 'effect', 'radius', 'angle', 'background', 'dpr', 'named',
  'color', 'opacity', 'border', 'x', 'y', 'zoom', 'flags', 'page', 'density', 'start_offset', 'end_offset', 'duration', 'video_codec', 'audio_codec', 'bit_rate', 'fps', 'keyframe_interval', 'streaming_profile', 'prefix_transformation',
  // proofs, and questions about them
  'timestamp', 'signature', 'api_key', 'cloud_name', 'error'
])

/** 403 of places and rights, 404 of an asset_id that leads elsewhere, 413 of sizes, 422 of parameters and URLs. */
export const REFUSALS: readonly number[] = [403, 404, 413, 422]

/** Fields that say something else to this route than to the others. */
export const EXEMPT = new Set<string>([
  'updateResource public_id sign.folder', // names what is there, and moves nothing
  'getAllResources asset_folder folder', // filters by it: what lies elsewhere is left out of the page
  ...LINKS.map((name) => `${name} type signed_urls.validity_seconds`) // any type expires
])

/** What each route wants, so that it is the rule which refuses. */
export const GOOD: Readonly<Record<string, Fields>> = {
  uploadResource: { file: GIF },
  uploadRemoteResource: { file: GIF },
  directUpload: { file: GIF },
  generateSignatures: { files: [{ name: 'a.gif', size: 1 }] },
  explainSignature: { fields: { timestamp: 1 }, signature: '0'.repeat(40) }
}
