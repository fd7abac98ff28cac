import type { UpstreamLimits, UploadLimits } from '../config/types.ts'
import type { AnnouncedSize } from '../input/forms/upload-form.ts'
import type { DeliveryTypeName, ResourceTypeName } from '../schemas/assets.ts'
import type { CloudinaryEnvironment } from '../schemas/environment.ts'
import type { UploadParameters } from '../schemas/upload-parameters.ts'
import { orExplained, type Absent } from './explain/absence.ts'
import { checkCallerSignature, type CallerProof } from './explain/caller-signature.ts'
import { diagnose, type DiagnosisInput } from './explain/diagnosis.ts'
import { KnownSignatures, type SignatureMemories } from './explain/known-signatures.ts'
import { LookUps } from './explain/look-ups.ts'
import type { Mismatch } from './explain/mismatch.ts'
import { budgetOf, type UploadBudget } from './upload/budget.ts'
import { provesItself } from './upload/early-proof.ts'
import { openFileText } from './upload/file-source.ts'
import { holdText, type HeldText, type TextBody } from './upload/held-text.ts'
import { requireSize } from './upload/intake.ts'
import { Uploader, type Upload, type UploadCall } from './upload/uploader.ts'
import type { Release, UploadOwner } from './upload/shares.ts'
import { Accounts } from './upstream/account/account-state.ts'
import { AdminCalls, type Doomed, type ResolvedAsset } from './upstream/admin.ts'
import type { Listed, Query } from './upstream/admin-paths.ts'
import type { AnswerRoom } from './upstream/answer-room.ts'
import type { ReadAnswer, Relayed } from './upstream/answer.ts'
import { AnswerCount, CircuitBreaker } from './upstream/circuit-breaker.ts'
import { FolderMode } from './upstream/folder-mode.ts'
import type { Call, Connection, TryListener } from './upstream/json-calls.ts'
import type { Place } from './upstream/place.ts'
import type { QuotaStanding } from './upstream/account/quota.ts'
import { REAL_PACE, RetryBudget, type Pace } from './upstream/retry.ts'
import { Transport } from './upstream/transport.ts'
import { accountOf } from './wire/account.ts'
import { deliveryUrl, type DeliveryUrl, type DeliveryUrlOptions } from './wire/delivery-url.ts'
import { privateDownloadUrl, type DownloadUrlOptions } from './wire/download-url.ts'
import { encodeUploadParameter, encodeUploadParameters, type FormFields } from './wire/parameters.ts'
import { signParameters } from './wire/signature.ts'

export { Accounts } from './upstream/account/account-state.ts'
export { AnswerRoom } from './upstream/answer-room.ts'
export type { QuotaStanding } from './upstream/account/quota.ts'
export { absentAssetId, type ResolvedAsset } from './upstream/admin.ts'
export type { Call, TryListener } from './upstream/json-calls.ts'
export type { Place } from './upstream/place.ts'
export type { Query } from './upstream/admin-paths.ts'
export { jsonObject, type Relayed } from './upstream/answer.ts'
export type { FormFields } from './wire/parameters.ts'
export type { HeldText, TextBody } from './upload/held-text.ts'
export type { Release, UploadOwner } from './upload/shares.ts'
export type { Upload, UploadCall } from './upload/uploader.ts'

export interface ClientOptions extends Partial<Pace>, SignatureMemories {
  readonly upstream: UpstreamLimits
  readonly upload: UploadLimits
  /** What all uploads of the process share; default: one for all clients with the same `upload` limits. */
  readonly uploads?: UploadBudget
  /** What clients of the same account share; default: an account of its own. */
  readonly accounts?: Accounts
  /** Told how each request to Cloudinary ended: `ok`, or the code of its failure. */
  readonly onTry?: TryListener | undefined
  /** What the answers of Cloudinary share while they arrive; by default each has as much room as it needs. */
  readonly answerRoom?: AnswerRoom
}

/** Everything that one environment asks of Cloudinary. */
export class CloudinaryClient {
  readonly environment: CloudinaryEnvironment
  /** See `accountOf`. */
  readonly account: string
  readonly uploadLimits: UploadLimits
  readonly #connection: Connection
  readonly #admin: AdminCalls
  readonly #lookUps: LookUps
  readonly #uploads: Uploader
  readonly #uploadBudget: UploadBudget
  readonly #signatures: KnownSignatures
  readonly #folderMode: FolderMode

  constructor (environment: CloudinaryEnvironment, options: ClientOptions) {
    const { upstream, upload, uploads = budgetOf(upload), accounts, onTry = () => {}, signatures, limits, signatureStore, answerRoom, ...pace } = options
    this.environment = environment
    this.account = accountOf(environment)
    this.uploadLimits = upload
    this.#signatures = new KnownSignatures(environment, { signatures, limits, signatureStore })
    const paced = { ...REAL_PACE, ...pace }
    const answers = new AnswerCount()
    this.#connection = {
      environment,
      transport: new Transport({
        origin: new URL(environment.uploadPrefix).origin, limits: upstream, proxy: environment.proxy, answerRoom
      }),
      pace: paced,
      budget: new RetryBudget(),
      circuits: { json: new CircuitBreaker(paced.clock, answers), upload: new CircuitBreaker(paced.clock, answers) },
      account: (accounts ?? new Accounts()).of(this.account, paced),
      tried: (outcome, failure, telling = false) => { onTry(environment.name, outcome, { of: environment, failure, telling }) }
    }
    this.#admin = new AdminCalls(this.#connection)
    this.#lookUps = new LookUps(this.#admin, this.#connection.account)
    const mayAsk = (): boolean => this.#connection.account.quota.isPlentiful
    this.#folderMode = new FolderMode(async (call) => this.#admin.folderMode(call), paced.clock, mayAsk)
    this.#uploadBudget = uploads
    this.#uploads = new Uploader(this.#connection, upload, uploads)
  }

  /** Proves the credentials with one call. Fails as every call does, or with `credentials_rejected`. */
  async ping (call: Call, maxAttempts?: number): Promise<void> { return this.#admin.ping(call, maxAttempts) }

  /** Returns a page of assets whose members have been checked. */
  async list (listed: Listed, query: Query, call: Call): Promise<ReadAnswer> { return this.#admin.list(listed, query, call) }

  /** The folder mode of the account; undefined when it is not known, or too little is left to ask. */
  async folderMode (call: Call): Promise<string | undefined> { return this.#folderMode.find(call) }

  /** The Admin API budget of the account; undefined when it is not known. */
  async quota (): Promise<QuotaStanding | undefined> {
    const { quota } = this.#connection.account
    await quota.refresh()
    return quota.standing
  }

  /** @throws {GatewayError} `not_found`, with `found_under` when the asset lives elsewhere. */
  async get (resourceType: ResourceTypeName | 'auto', type: DeliveryTypeName, publicId: string, query: Query, call: Call): Promise<Relayed> {
    const asked = { public_id: publicId, resource_type: resourceType, type }
    return this.#explained(asked, call, this.#admin.get(resourceType, type, publicId, query, call))
  }

  /** @throws {GatewayError} `not_found`. */
  async byAssetId (assetId: string, query: Query, call: Call): Promise<ResolvedAsset> {
    return this.#admin.byAssetId(assetId, query, call)
  }

  /** Empty lists and maps are sent too: they take away what was there. */
  async update (
    resourceType: ResourceTypeName, type: string, publicId: string, changes: Readonly<Record<string, unknown>>,
    call: Call
  ): Promise<Relayed> {
    const fields = Object.entries(changes).flatMap(([name, value]) => value === undefined ? [] : [[name, encodeUploadParameter(name, value)]])
    const answer = this.#admin.update(resourceType, type, publicId, Object.fromEntries(fields), call)
    return this.#explained({ public_id: publicId, resource_type: resourceType, type }, call, answer)
  }

  async destroy (
    resourceType: ResourceTypeName | 'auto', fields: Doomed, call: Call
  ): Promise<Place & { public_id: string }> {
    const asked = { public_id: fields.public_id, resource_type: resourceType, type: fields.type }
    return this.#explained(asked, call, this.#admin.destroy(resourceType, fields, call), false)
  }

  /**
   * Lets an upload begin, before a byte of it is read; call what it returns when the upload is over. Waits a
   * moment when all places are taken.
   * @param owner whose shares of the places it takes from.
   * @param callerMaxBytes limit of the caller's own. Only an exact size is held to it: around a file there
   * may be more.
   * @throws {GatewayError} `overloaded`, or `payload_too_large` when the announced size of the file is too
   * much.
   */
  async admitUpload (owner: UploadOwner, announced?: AnnouncedSize, callerMaxBytes = Infinity): Promise<Release> {
    requireSize(this.uploadLimits, announced, callerMaxBytes)
    return this.#uploadBudget.admitSoon(owner)
  }

  /** Lets an upload go on whose bytes have come before its proof. Nobody waits with them. */
  admitAtOnce (owner: UploadOwner): Release { return this.#uploadBudget.admit(owner) }

  /**
   * The same for a direct upload, whose proof is still to come. It takes a place of `admitUpload` once it has
   * shown a signature.
   * @param asked address and environment as the request names them.
   * @param owner what is known of the sender.
   */
  async admitUnproven (asked: UploadOwner, owner: UploadOwner, announced?: AnnouncedSize): Promise<Release> {
    requireSize(this.uploadLimits, announced)
    return this.#uploadBudget.admitUnproven(asked, owner)
  }

  /**
   * Reads the body of an upload that is parsed whole, into memory that all uploads share.
   * @throws {GatewayError} `overloaded` when there is no room now, `payload_too_large` when there never is.
   */
  async holdText (body: TextBody, { signal, owner }: Pick<UploadCall, 'signal' | 'owner'>): Promise<HeldText> {
    const { uploadLimits: limits } = this
    return holdText(body, { limits, budget: this.#uploadBudget, owner, signal, now: this.#connection.pace.clock })
  }

  /**
   * Stores a file. The answer is Cloudinary's, untouched. Files of the server are open only to uploads that
   * the gateway vouches for, not to whoever holds no more than a signature.
   */
  async upload<Parameters extends object> (upload: Upload<Parameters>, call: UploadCall): Promise<Relayed> {
    const { file, parameters, late, seal, vouched } = upload
    // Before a file of the server is opened: what is refused leaves nothing open, and does not tell whether there is one.
    if (late === undefined) seal(parameters)
    const fileRoot = vouched === 'gateway' ? this.uploadLimits.fileRoot : undefined
    const source = typeof file === 'string' ? await openFileText(file, fileRoot) : file
    return this.#uploads.store({ ...upload, file: source }, call)
  }

  /** Adds this environment's proof to form fields: a timestamp of now, the API key and the signature. */
  prove (fields: FormFields): FormFields {
    const timestamp = String(this.#nowSeconds())
    return { ...fields, api_key: this.environment.apiKey, timestamp, signature: this.#sign({ ...fields, timestamp }) }
  }

  /**
   * Checks the signature that a caller sent with its form fields, and returns the fields to send on: those of
   * the form that was signed, the signature and the API key. The cloud is part of the path.
   * @throws {GatewayError} that says what is wrong, and which field, when that can be known.
   */
  checkSigned ({ cloud_name: cloudName, ...fields }: FormFields, asker: Pick<CallerProof, 'forms' | 'stranger'>): FormFields {
    const { environment } = this
    const { signature = '' } = fields
    const signed = checkCallerSignature({ ...asker, environment, fields, nowSeconds: this.#nowSeconds(), issued: this.#signatures.issued, cloudName })
    return { ...signed, signature, api_key: environment.apiKey }
  }

  /**
   * Checks the proof of a direct upload before its file is read. False when the signature is still to come,
   * after the file.
   * @throws {GatewayError} when the signature does not fit, or is still to come and the file is too large to
   * wait for it.
   */
  provesItself<Parameters extends object> (upload: Upload<Parameters>): boolean {
    return provesItself(upload, (file) => this.#uploads.inOneRequest(file))
  }

  url (options: DeliveryUrlOptions): DeliveryUrl { return deliveryUrl(this.environment, options) }

  downloadUrl (options: DownloadUrlOptions): string { return privateDownloadUrl(this.environment, options, this.#nowSeconds()) }

  /** Upload parameters as the text that is signed and sent. */
  encode (parameters: Partial<UploadParameters> & { readonly timestamp?: number }): Record<string, string> { return encodeUploadParameters(parameters) }

  /**
   * Hex signature of upload parameters, `timestamp` among them. It is remembered for a while, to explain
   * later mismatches to its `owner`, and to hold its file to `maxBytes`.
   */
  sign (parameters: FormFields, owner: string, maxBytes?: number): string {
    const signature = this.#sign(parameters)
    this.#signatures.remember(signature, parameters, owner, maxBytes)
    return signature
  }

  /**
   * Asks other replicas about a signature. Call it before `checkSigned`, `explain` and `maxBytesOf`, which do not
   * wait.
   */
  async recall (signature = ''): Promise<void> { return this.#signatures.recall(signature) }

  /** Returns the largest file for a signature, if it was made under such a limit. */
  maxBytesOf (signature: string): number | undefined { return this.#signatures.maxBytesOf(signature) }

  /**
   * Why a signature does not fit these fields, by what is known of this environment and of `others`; empty
   * when it does.
   */
  explain ({ fields, signature, asker, others }: Pick<DiagnosisInput, 'fields' | 'signature' | 'asker' | 'others'>): Mismatch[] {
    return diagnose({ fields, signature, asker, others: others ?? [], environment: this.environment, nowSeconds: this.#nowSeconds(), issued: this.#signatures.issued })
  }

  async close (): Promise<void> { await this.#connection.transport.close() }

  /** Adds hints to a 404. Deleting asks for nothing: it must not become a search. */
  async #explained<T> (asked: Absent, call: Call, answer: Promise<T>, asks = true): Promise<T> {
    const allowed = asks ? () => this.#lookUps.allowed(asked, call) : undefined
    return orExplained(answer, asked, { sees: call.sees, allowed })
  }

  #nowSeconds (): number { return Math.floor(this.#connection.pace.now() / 1000) }

  #sign (parameters: FormFields): string {
    const { apiSecret, signatureAlgorithm: algorithm, signatureVersion: version } = this.environment
    return signParameters(parameters, { apiSecret, algorithm, version })
  }
}
