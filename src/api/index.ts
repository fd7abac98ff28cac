/** The typed client: `import { GatewayClient } from 'cloudinary-gateway/api'`. */
import { BrowserClient } from './client.ts'
import { openInBrowser, type Streamed, type UploadSource } from './file-source.ts'
import { openStreamed } from './streams.ts'
import type { OpenedSource } from './upload-form.ts'

export type { DirectUploadOptions, FileOptions, UploadOptions } from './client.ts'
export type { PathSource, StreamSource, UploadSource } from './file-source.ts'
export type { components, operations, paths } from './openapi.ts'
export {
  GatewayProblem, GatewayUnreachable, type ProblemCode, type ProblemDocument, type ProblemField
} from './problem.ts'
export type { GatewayClientOptions } from './transport.ts'
export type * from './types.ts'
export type { OnProgress } from './upload-form.ts'

/** Calls a running gateway from Node: files by their paths and streams are sent as they are read. */
export class GatewayClient extends BrowserClient {
  protected override async open (source: UploadSource): Promise<OpenedSource> {
    return openInBrowser(source) ?? openStreamed(source as Streamed) // only that is left
  }
}
