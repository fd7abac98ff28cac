/** Says what an answer is not, or returns undefined when it has the shape that was due. */
export type AnswerShape = (answer: Readonly<Record<string, unknown>>) => string | undefined

/** Any JSON object will do. */
export const anyObject: AnswerShape = () => undefined

/** Returns whether a value describes an asset: all else about it is Cloudinary's word, but it has a name. */
function isAsset (value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'public_id' in value &&
    typeof value.public_id === 'string' && value.public_id !== ''
}

export const oneAsset: AnswerShape = (answer) => isAsset(answer) ? undefined : 'not the description of an asset'

/** A page of a list. The last one has no cursor, or an empty one. */
export const pageOfAssets: AnswerShape = ({ resources, next_cursor: cursor }) => {
  if (!Array.isArray(resources) || !resources.every(isAsset)) return 'not a list of assets'
  return cursor === undefined || cursor === null || typeof cursor === 'string' ? undefined : 'a list whose cursor is not text'
}
