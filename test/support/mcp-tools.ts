import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What earlier calls have made: asset IDs, and the ID of a derived asset. */
export interface Made { picture: string, notes: string, derived: string }

/** A call of one tool of `@cloudinary/asset-management-mcp`. */
export interface ToolCall<Answer> {
  readonly tool: string
  readonly given: (made: Made) => object
  /** Members of what it answers, or words of an error. */
  readonly answer: Answer
  /** What later calls need of the answer. */
  readonly makes?: keyof Made | undefined
}

type Given = object | ToolCall<unknown>['given']

function call<Answer> (tool: string, given: Given, answer: Answer, makes?: keyof Made): ToolCall<Answer> {
  const build = typeof given === 'function' ? given as ToolCall<Answer>['given'] : () => given
  return { tool, given: build, answer, makes }
}

const PICTURE = join(import.meta.dirname, '../fixtures/landscape.jpg')
const PICTURE_URL = pathToFileURL(PICTURE).href
const OWNER = { owner: 'Ann & Bob' }
const TOM = { alt: 'Tom', by: 'Ann' }
const image = (request: object): object => ({ resource_type: 'image', ...request })
const tags = (command: string, given: string[]): object => image({
  tags_update_request: { command, public_ids: ['cat', 'absent'], tags: given }
})

/** What the sandbox imitates: two assets and a folder, from beginning to end. */
export const IMITATED: ReadonlyArray<ToolCall<object>> = [
  call('upload-asset', {
    upload_request: { file: PICTURE_URL, public_id: 'cat', tags: ['a', 'b'], context: 'alt=A' }
  }, {
    public_id: 'cat',
    resource_type: 'image',
    bytes: readFileSync(PICTURE).length,
    tags: ['a', 'b'],
    context: { custom: { alt: 'A' } }
  }, 'picture'),
  call('upload-asset', {
    resource_type: 'raw',
    upload_request: { file: 'data:text/plain;base64,aGVsbG8=', public_id: 'notes.txt', asset_folder: 'texts' }
  }, { public_id: 'notes.txt', bytes: 5, asset_folder: 'texts' }, 'notes'),
  call('get-asset-details', ({ picture }) => ({
    asset_id: picture, colors: true, media_metadata: true, phash: true, pages: true, faces: true
  }), { public_id: 'cat', tags: ['a', 'b'], colors: Array, image_metadata: Object, phash: String }),
  call('asset-update', ({ picture }) => ({
    asset_id: picture,
    ResourceUpdateRequest: { tags: ['c'], context: 'alt=Tom|by=Ann', display_name: 'T', asset_folder: 'pets' }
  }), { tags: ['c'], context: { custom: TOM }, display_name: 'T', asset_folder: 'pets' }),
  call('asset-update', ({ picture }) => ({
    asset_id: picture, ResourceUpdateRequest: { access_control: [{ access_type: 'token' }] }
  }), { access_control: [{ access_type: 'token' }] }),
  call('asset-update', ({ picture }) => ({
    asset_id: picture, ResourceUpdateRequest: { access_control: [] }
  }), { access_control: { length: 0 } }),

  call('manage-asset-tags', tags('add', ['d', 'e f']), { public_ids: ['cat'] }),
  call('list-tags', { resource_type: 'image', max_results: 10 }, { tags: ['c', 'd', 'e f'] }),
  call('manage-asset-tags', tags('remove', ['c', 'd']), { public_ids: ['cat'] }),
  call('list-tags', { resource_type: 'image', prefix: 'e' }, { tags: ['e f'] }),
  call('manage-asset-tags', tags('replace', ['pet']), { public_ids: ['cat'] }),
  call('manage-asset-context', image({
    context_update_request: { command: 'add', public_ids: ['cat'], context: 'year=2026' }
  }), { public_ids: ['cat'] }),
  call('manage-asset-metadata', image({
    metadata_update_request: { public_ids: ['cat'], metadata: OWNER }
  }), { public_ids: ['cat'] }),

  call('transform-asset', { publicId: 'cat', transformations: 'c_fill,w_30,h_20/e_sepia' }, {
    public_id: 'cat', eager: [{ transformation: 'c_fill,h_20,w_30/e_sepia', width: 30, height: 20 }]
  }),
  call('get-asset-details', ({ picture }) => ({ asset_id: picture }), {
    tags: ['pet'], context: { custom: { ...TOM, year: '2026' } }, metadata: OWNER, derived: [{ id: String }]
  }, 'derived'),
  call('delete-derived-assets', ({ derived }) => ({
    request: { derived_resource_ids: [derived], invalidate: true }
  }), { deleted: Object }),
  call('get-asset-details', ({ picture }) => ({ asset_id: picture }), { derived: { length: 0 } }),
  call('asset-rename', image({
    RequestBody: { from_public_id: 'cat', to_public_id: 'pets/tom', invalidate: true, context: true }
  }), { public_id: 'pets/tom', context: { custom: TOM } }),

  call('list-images', {
    type: 'upload', prefix: 'pets/', tags: true, max_results: 5, direction: 'asc', fields: ['bytes', 'tags']
  }, { resources: [{ public_id: 'pets/tom', tags: ['pet'], asset_id: String }] }),
  call('list-images', { start_at: '2020-01-01T00:00:00Z', fields: 'format' }, {
    resources: [{ public_id: 'pets/tom', format: 'jpg' }]
  }),
  call('list-files', { public_ids: ['notes.txt', 'absent'] }, { resources: [{ public_id: 'notes.txt' }] }),
  call('list-videos', {}, { resources: { length: 0 } }),
  call('search-assets', {
    request: {
      expression: 'tags=pet AND resource_type:image',
      with_field: ['tags', 'context', 'metadata'],
      sort_by: [{ created_at: 'desc' }],
      max_results: 5
    }
  }, { total_count: 1, resources: [{ public_id: 'pets/tom', tags: ['pet'], metadata: OWNER }] }),
  call('search-assets', { request: { expression: 'tags=pet', aggregate: ['format'], max_results: 0 } }, {
    total_count: 1, resources: { length: 0 }, aggregations: { format: { jpg: 1 } }
  }),

  call('create-folder', { folder: 'made/here' }, { success: true, path: 'made/here' }),
  call('move-folder', {
    folder: 'made/here', move_folder_request: { to_folder: 'made/there' }
  }, { from: { path: 'made/here' }, to: { path: 'made/there' } }),
  call('search-folders', { expression: 'name:there', sort_by: [{ name: 'asc' }], max_results: 5 }, {
    total_count: 1, folders: [{ path: 'made/there' }]
  }),
  call('delete-folder', { folder: 'made/there' }, { deleted: ['made/there'] }),
  call('get-usage-details', {}, { resources: Number, storage: Object }),
  call('delete-asset', ({ notes }) => ({ request: { asset_id: notes, invalidate: true } }), { result: 'ok' }),
  call('list-files', {}, { resources: { length: 0 } })
]

/** What it does not imitate, and says so. */
export const NOT_IMITATED: ReadonlyArray<ToolCall<RegExp>> = [
  call('generate-archive', image({ RequestBody: { tags: ['pet'] } }), /does not imitate archives/),
  call('download-asset-backup', ({ picture }) => ({
    asset_id: picture, version_id: picture
  }), /does not imitate backups/),
  call('create-asset-relations', ({ picture, notes }) => ({
    asset_id: picture, relate_assets_by_asset_id_request: { assets_to_relate: [notes] }
  }), /does not imitate related assets/),
  call('delete-asset-relations', ({ picture, notes }) => ({
    asset_id: picture, unrelate_assets_by_asset_id_request: { assets_to_unrelate: [notes] }
  }), /does not imitate related assets/),
  call('visual-search-assets', { request: { text: 'a cat' } }, /does not imitate visual search/),
  call('generate-image', { request: { prompt: 'a cat' } }, /does not imitate/),
  call('generate-image-from-images', ({ picture }) => ({
    request: { prompt: 'a dog', reference_images: [{ source_type: 'managed_asset', asset_id: picture }] }
  }), /does not imitate/),
  call('get-generation-task', { task_id: '0123' }, /does not imitate/),
  // This one reads a page of the vendor's web site, whatever API it is given, and says itself where that is.
  call('get-tx-reference', {}, /You can view the documentation directly at/)
]

/** What somebody may get wrong with tools that work. */
export const MISTAKEN: ReadonlyArray<ToolCall<RegExp>> = [
  call('get-asset-details', { asset_id: '0'.repeat(32) }, /not found/i),
  call('upload-asset', image({
    upload_request: { file: 'data:image/png;base64,aGVsbG8=' }
  }), /Invalid image file/),
  call('transform-asset', { publicId: 'pets/tom', transformations: 'c_nonsense,w_10' }, /nonsense/),
  call('manage-asset-metadata', image({
    metadata_update_request: { public_ids: ['pets/tom'], metadata: { absent_field: 'x' } }
  }), /absent_field/),
  call('search-assets', { request: { expression: 'tags=(' } }, /Query Error \(at position 7\)/)
]
