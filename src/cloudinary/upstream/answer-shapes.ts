/** Says what an answer is not, or returns undefined when it has the shape that was due. */
export type AnswerShape = (answer: Readonly<Record<string, unknown>>) => string | undefined

/** Takes any JSON object. */
export const anyObject: AnswerShape = () => undefined

/** Returns whether a value describes an asset: all else about it is Cloudinary's word, but it has a name. */
function isAsset (value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'public_id' in value &&
    typeof value.public_id === 'string' && value.public_id !== ''
}

/** Takes the description of one asset. */
export const oneAsset: AnswerShape = (answer) =>
  isAsset(answer) ? undefined : 'not the description of an asset'

/** Takes a page of a list. The last one has no cursor, or an empty one. */
export const pageOfAssets: AnswerShape = ({ resources, next_cursor: cursor }) => {
  if (!Array.isArray(resources) || !resources.every(isAsset)) return 'not a list of assets'
  if (cursor === undefined || cursor === null || typeof cursor === 'string') return undefined
  return 'a list whose cursor is not text'
}
