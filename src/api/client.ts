import { openInBrowser, type UploadSource } from './file-source.ts'
import { GatewayTransport, type GatewayClientOptions, type Outgoing } from './transport.ts'
import type * as wire from './types.ts'
import { uploadForm, type SentFields, type OnProgress, type OpenedSource } from './upload-form.ts'

export interface FileOptions extends wire.CallOptions {
  /** Called while a path or a stream is sent. `fetch` reports no progress of a Blob. */
  readonly onProgress?: OnProgress | undefined
}
export interface UploadOptions extends FileOptions {
  /** Names this upload: sent again under the same name, it stores one asset. Only with it is it repeated. */
  readonly idempotencyKey?: string | undefined
}
export interface DirectUploadOptions extends FileOptions {
  /** Kind of asset, which is no part of the signature; Cloudinary decides when it is not given. */
  readonly resource_type?: 'auto' | 'image' | 'video' | 'raw' | undefined
}

/** Assets of a page when all pages are read. */
const FULL_PAGE = 500
/** How long an upload may take when nobody says otherwise: the gateway ends those that stand still. */
const PATIENCE = { timeoutMs: Infinity }
/** An upload that was asked to be `async` has only the second. */
const STORED = ['public_id', 'batch_id']

/** A stream that was given is gone after the first attempt. */
const canRepeat = (source: OpenedSource): boolean =>
  typeof source === 'string' || !('replayable' in source) || source.replayable

/** @throws {TypeError} for an ID that would vanish from a URL, so that another resource would be meant. */
function pathOf (asset: wire.AssetName): Pick<Outgoing, 'path' | 'pathNames'> {
  const [path, names] = typeof asset === 'string'
    ? ['/resources/{public_id}', { public_id: asset }] as const
    : ['/assets/{asset_id}', asset] as const
  const isMissing = Object.values(names).some((id) => /^\.{0,2}$/.test(id))
  if (isMissing) throw new TypeError('The ID of the asset is missing.')
  return { path, pathNames: { ...names } }
}

/** Calls a running gateway, one method for each action. A failure is thrown as a `GatewayProblem`. */
export class BrowserClient {
  readonly #transport: GatewayTransport

  constructor (options: GatewayClientOptions) { this.#transport = new GatewayTransport(options) }

  /** The typed client of `openapi-fetch`, for operations that have no method here. */
  get http (): GatewayTransport['http'] { return this.#transport.http }

  /** Stores a file. */
  async upload (
    source: UploadSource, fields: wire.UploadFields = {}, options: UploadOptions = {}
  ): Promise<wire.StoredAsset> {
    const { idempotencyKey: key, onProgress, ...call } = options
    const opened = await this.open(source)
    const request: Outgoing = {
      method: 'post',
      path: '/upload',
      answers: STORED,
      headers: key === undefined ? {} : { 'idempotency-key': key },
      ...typeof opened === 'string'
        ? { body: { ...fields, file: opened } } // long data URIs fit in JSON alone
        : { form: () => uploadForm(opened, fields, onProgress) }
    }
    const manner = key !== undefined && canRepeat(opened) ? 'ask' : 'tell'
    return this.#transport[manner](request, { ...PATIENCE, ...call })
  }

  /** Stores a file with the fields that `sign` answered. No key is needed: the signature vouches. */
  async directUpload (
    source: UploadSource, fields: wire.SignatureAnswer['fields'], options: DirectUploadOptions = {}
  ): Promise<wire.StoredAsset> {
    const { resource_type: resourceType, onProgress, ...call } = options
    const opened = await this.open(source)
    const all: SentFields = { ...fields, resource_type: resourceType }
    const form = () => uploadForm(opened, all, onProgress)
    const request: Outgoing = { method: 'post', path: '/direct-upload', answers: STORED, form }
    return this.#transport.tell(request, { ...PATIENCE, ...call })
  }

  /** Looks at what is to be uploaded. Nothing of it is read yet. */
  protected async open (source: UploadSource): Promise<OpenedSource> {
    const opened = openInBrowser(source)
    if (opened === undefined) throw new TypeError('A browser uploads a Blob, bytes, a URL or a data URI.')
    return opened
  }

  /** Builds the delivery URL of an asset, which need not exist. */
  url (
    publicId: string, fields: wire.UrlFields = {}, options: wire.CallOptions = {}
  ): Promise<wire.UrlAnswer> {
    return this.#post('/url', 'url', { ...fields, public_id: publicId }, options)
  }

  /** Returns one page of assets. */
  list (query: wire.AssetListQuery = {}, options: wire.CallOptions = {}): Promise<wire.AssetPage> {
    return this.#transport.ask({ method: 'get', path: '/resources', query, answers: ['resources'] }, options)
  }

  /** Yields page after page, of 500 assets each unless `max_results` says otherwise. */
  async * pages (
    query: wire.AssetListQuery = {}, options: wire.CallOptions = {}
  ): AsyncGenerator<wire.AssetPage, void, undefined> {
    let next: wire.AssetListQuery = { max_results: FULL_PAGE, ...query }
    for (;;) {
      const page = await this.list(next, options)
      yield page
      if (page.next_cursor === undefined) return
      next = { ...next, next_cursor: page.next_cursor }
    }
  }

  /** Yields every asset that the query finds; the next page is fetched when it is needed. */
  async * assets (
    query: wire.AssetListQuery = {}, options: wire.CallOptions = {}
  ): AsyncGenerator<wire.StoredAsset, void, undefined> {
    for await (const { resources } of this.pages(query, options)) yield * resources
  }

  /** Returns one asset. */
  async get (
    name: wire.AssetName, query: wire.GetQuery = {}, options: wire.CallOptions = {}
  ): Promise<wire.StoredAsset> {
    return this.#transport.ask({ method: 'get', ...pathOf(name), query, answers: STORED }, options)
  }

  /** Changes one asset. Tags and context replace those that it had. */
  async update (
    name: wire.AssetName, changes: wire.AssetChanges, options: wire.CallOptions = {}
  ): Promise<wire.StoredAsset> {
    return this.#transport.tell({ method: 'patch', ...pathOf(name), body: changes, answers: STORED }, options)
  }

  /** Deletes one asset; an absent one is a problem with the code `not_found`. */
  async delete (
    name: wire.AssetName, query: wire.DeleteQuery = {}, options: wire.CallOptions = {}
  ): Promise<wire.DeleteAnswer> {
    return this.#transport.tell({ method: 'delete', ...pathOf(name), query, answers: ['result'] }, options)
  }

  /** Makes a download link that expires, in an hour unless `expires_at` says otherwise. */
  signedUrl (
    publicId: string, fields: wire.SignedUrlFields = {}, options: wire.CallOptions = {}
  ): Promise<wire.SignedUrlAnswer> {
    return this.#post('/signed-url', 'url', { ...fields, public_id: publicId }, options)
  }

  /** Signs the fields of an upload that somebody else, such as a browser, then sends to Cloudinary. */
  sign (fields: wire.SignatureFields = {}, options: wire.CallOptions = {}): Promise<wire.SignatureAnswer> {
    return this.#post('/signature', 'signature', fields, options)
  }

  /** Signs a form for each of up to 100 files. Answers, in order, a form or a problem, which has a `code`. */
  signAll (
    files: readonly wire.FileToSign[], fields: wire.FormSettings = {}, options: wire.CallOptions = {}
  ): Promise<wire.SignedForms> {
    return this.#post('/signature/batch', 'items', { files, fields }, options)
  }

  /** Tells what the caller may have signed, and which of these limits Cloudinary itself enforces. */
  signatureRules (options: wire.CallOptions = {}): Promise<wire.SignatureRules> {
    return this.#transport.ask({ method: 'get', path: '/signature/rules', answers: ['allowed'] }, options)
  }

  /** Tells why a signature was refused. */
  explain (question: wire.ExplainQuestion, options: wire.CallOptions = {}): Promise<wire.ExplainAnswer> {
    return this.#post('/signature/explain', 'fits', question, options)
  }

  /** Lists the environments that the caller may use, and whether their credentials work. */
  environments (options: wire.CallOptions = {}): Promise<wire.EnvironmentsAnswer> {
    return this.#transport.ask({ method: 'get', path: '/environments', answers: ['environments'] }, options)
  }

  /** Asks a question whose fields stand in a body. None of these changes anything. */
  #post<Answer> (
    path: Outgoing['path'], answer: string, body: object, options: wire.CallOptions
  ): Promise<Answer> {
    return this.#transport.ask({ method: 'post', path, body, answers: [answer] }, options)
  }
}
