/** Called with the bytes that were handed on so far, and all that there are, where that is known. */
export type OnProgress = (sentBytes: number, totalBytes: number | undefined) => void
/** Fields of a form; lists and objects travel as JSON. */
export type SentFields = Readonly<Record<string, unknown>>

/** The body of one attempt, and the headers that belong to it. */
export interface FormBody {
  readonly body: FormData | AsyncIterable<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  /** Tells what was wrong with the source while it was sent; `fetch` would call that a failure of the network. */
  readonly failure?: () => { readonly error: unknown } | undefined
}

/** A source that is sent as it is read. */
export interface OpenedStream {
  /** True when it can be read again from its beginning. */
  readonly replayable: boolean
  readonly form: (fields: SentFields, onProgress?: OnProgress) => FormBody
}
/** What a source is sent as. */
export type OpenedSource = string | Blob | OpenedStream

/** Returns the fields that have a value, as text. */
export function textFields (fields: SentFields): Array<[name: string, text: string]> {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
}

/** Builds the form of one attempt. Whatever `fetch` sends of a Blob, it reports no progress. */
export function uploadForm (source: OpenedSource, fields: SentFields, onProgress?: OnProgress): FormBody {
  if (typeof source !== 'string' && 'form' in source) return source.form(fields, onProgress)
  const body = new FormData()
  for (const [name, text] of textFields(fields)) body.append(name, text)
  if (typeof source === 'string') body.append('file', source)
  // A File keeps its name.
  else body.append('file', source, ...'name' in source ? [] : ['file'])
  return { body }
}
