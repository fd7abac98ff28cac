/** What the sandbox saw of one request. */
export interface RequestRecord {
  id: number
  method: string
  /** As received, with its query. */
  path: string
  /** Names of the headers, lower case. */
  headers: string[]
  /** Bytes of the body that were read. */
  bytes: number
  /** Of the bytes of the file part, hex, once it is complete. */
  sha256?: string
  file_bytes?: number
  /** `open`: still going on. `aborted`: the connection ended before the answer was complete. */
  state: 'open' | 'complete' | 'aborted'
  status?: number
  /** Fields of query and body, without `file`; structures as JSON. */
  fields: Record<string, string>
  unique_upload_id?: string
  content_range?: string
  /** Kinds of the faults that struck it. */
  faults: string[]
}

const KEPT = 5000

/** The last requests, oldest first. */
export class RequestLog {
  #records: RequestRecord[] = []
  #lastId = 0

  open (method: string, path: string, headers: NodeJS.Dict<string | string[]>): RequestRecord {
    const uploadId = headers['x-unique-upload-id']
    const range = headers['content-range']
    const record: RequestRecord = {
      id: ++this.#lastId,
      method,
      path,
      headers: Object.keys(headers),
      bytes: 0,
      state: 'open',
      fields: {},
      ...typeof uploadId === 'string' && { unique_upload_id: uploadId },
      ...typeof range === 'string' && { content_range: range },
      faults: []
    }
    this.#records.push(record)
    if (this.#records.length > KEPT) this.#records.shift()
    return record
  }

  list (): RequestRecord[] { return this.#records.map((record) => structuredClone(record)) }
  clear (): void {
    this.#records = []
    this.#lastId = 0
  }
}
