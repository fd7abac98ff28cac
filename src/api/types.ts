import type { components, operations } from './openapi.ts'

type JsonOf<Content> = Content extends { 'application/json': infer Json } ? Json : never
type AnswerOf<Name extends keyof operations> =
  operations[Name] extends { responses: { 200: { content: infer Content } } } ? JsonOf<Content> : never
type BodyOf<Name extends keyof operations> =
  Required<operations[Name]> extends { requestBody: { content: infer Content } } ? JsonOf<Content> : never
type QueryOf<Name extends keyof operations> =
  Required<operations[Name]['parameters']> extends { query: infer Query } ? NonNullable<Query> : never

export type StoredAsset = components['schemas']['Asset']
/** Names an asset: by its public ID, or by the `asset_id` that Cloudinary gave it. */
export type AssetName = string | { readonly asset_id: string }

export type UploadFields = QueryOf<'uploadResource'>
export type UrlFields = Omit<BodyOf<'getUrlFromJson'>, 'public_id'>
export type UrlAnswer = AnswerOf<'getUrlFromJson'>
export type AssetListQuery = QueryOf<'getAllResources'>
export type AssetPage = AnswerOf<'getAllResources'>
export type GetQuery = QueryOf<'getResourceById'>
export type AssetChanges = BodyOf<'updateResource'>
export type DeleteQuery = QueryOf<'deleteResource'>
export type DeleteAnswer = AnswerOf<'deleteResource'>
export type SignedUrlFields = Omit<BodyOf<'getSignedUrlFromJson'>, 'public_id'>
export type SignedUrlAnswer = AnswerOf<'getSignedUrlFromJson'>
export type SignatureFields = BodyOf<'generateSignature'>
export type SignatureAnswer = AnswerOf<'generateSignature'>
type SignatureBatch = BodyOf<'generateSignatures'>
export type FileToSign = SignatureBatch['files'][number]
export type FormSettings = NonNullable<SignatureBatch['fields']>
export type SignedForms = AnswerOf<'generateSignatures'>
export type SignatureRules = AnswerOf<'getSignatureRules'>
export type ExplainQuestion = BodyOf<'explainSignature'>
export type ExplainAnswer = AnswerOf<'explainSignature'>
export type EnvironmentsAnswer = AnswerOf<'getEnvironments'>

/** What any call takes. */
export interface CallOptions {
  /** Environment that answers; that of the client when not given. */
  readonly environment?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Longest wait for one answer. */
  readonly timeoutMs?: number | undefined
}
