import { randomUUID } from 'node:crypto'
import { GatewayUnreachable, type UploadFields } from '../../api/index.ts'
import { EXIT } from '../terminal.ts'
import { UsageError } from '../usage.ts'
import { failureOf, printable, printLine, type GatewayCall, type CallContext } from './call.ts'
import { givenFields, namedFields, optionsFor, UPLOAD } from './fields.ts'
import { planFiles, type PlannedFile } from './files.ts'
import { ProgressBar } from './progress.ts'

const AT_ONCE = 4
const KINDS = ['image', 'video', 'raw'] as const

/** What became of one file; `status` is also the word that a person reads. */
interface FileOutcome {
  readonly source: string
  readonly status: 'uploaded' | 'skipped' | 'failed' | 'planned'
  readonly public_id?: string | undefined
  readonly [detail: string]: unknown
}

/** Finds the public IDs that are taken in the places where the files would go. */
async function takenIds (
  { gateway, signal, values }: CallContext, files: readonly PlannedFile[]
): Promise<Set<string>> {
  const type: object = namedFields(values, { type: 'text' })
  const ids = files.map(({ publicId }) => publicId).filter((id) => id !== undefined)
  const places = new Set(ids.map((id) => id.includes('/') ? id.replace(/\/.*/s, '/') : id))
  const taken = new Set<string>()
  for (const prefix of places) {
    for (const kind of KINDS) {
      const query = { prefix, resource_type: kind, ...type }
      for await (const asset of gateway.assets(query, { signal })) taken.add(String(asset.public_id))
    }
  }
  return taken
}

function printOutcome (context: CallContext, outcome: FileOutcome): void {
  if (context.json) return printLine(context, outcome)
  const { source, status, public_id: id, secure_url: url, message } = outcome
  const rest = status === 'failed' ? [message] : [id === undefined ? '' : `-> ${id}`, url]
  const parts = [status.padEnd(9), source, ...rest].filter((part) => part !== '' && part !== undefined)
  context.terminal.out(`${printable(parts.join('  '))}\n`)
}

/** Uploads files, four at a time, and prints what became of each as soon as that is known. */
class Uploads {
  readonly #context: CallContext
  readonly #files: readonly PlannedFile[]
  readonly #fields: UploadFields
  readonly #taken: ReadonlySet<string>
  readonly #bar: ProgressBar
  readonly counts = { uploaded: 0, skipped: 0, failed: 0, planned: 0 }

  constructor (
    context: CallContext, files: readonly PlannedFile[], fields: UploadFields, taken: ReadonlySet<string>
  ) {
    this.#context = context
    this.#files = files
    this.#fields = fields
    this.#taken = taken
    const { terminal } = context
    this.#bar = new ProgressBar({
      write: terminal.animated ? terminal.err : undefined,
      sizes: files.map(({ bytes }) => bytes)
    })
  }

  async run (): Promise<void> {
    const queue = this.#files.entries()
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (const [index, file] of queue) await this.#one(index, file)
    })
    try {
      await Promise.all(workers)
    } finally {
      this.#bar.clear()
    }
  }

  async #one (index: number, file: PlannedFile): Promise<void> {
    const outcome = await this.#outcome(index, file)
    this.counts[outcome.status]++
    this.#bar.clear()
    printOutcome(this.#context, outcome)
    this.#bar.done(index, file.bytes)
  }

  async #outcome (index: number, { source, path, publicId }: PlannedFile): Promise<FileOutcome> {
    const { values, gateway, signal } = this.#context
    signal.throwIfAborted()
    const fields = { ...publicId !== undefined && { public_id: publicId }, ...this.#fields }
    if (publicId !== undefined && this.#taken.has(publicId)) {
      return { source, status: 'skipped', public_id: publicId }
    }
    if (values['dry-run']) return { source, status: 'planned', public_id: fields.public_id }
    try {
      const { public_id: id, secure_url: url, resource_type: kind, bytes } = await gateway.upload(
        path === undefined ? source : { path }, fields,
        { signal, idempotencyKey: randomUUID(), onProgress: (sent) => { this.#bar.sent(index, sent) } }
      )
      return { source, status: 'uploaded', public_id: id, secure_url: url, resource_type: kind, bytes }
    } catch (error) {
      signal.throwIfAborted()
      // What answers none of them answers no other either.
      if (error instanceof GatewayUnreachable) throw error
      return { source, status: 'failed', ...failureOf(error) }
    }
  }
}

/** Returns the files, and the fields that all of them share. */
async function planned (context: CallContext): Promise<{ files: PlannedFile[], fields: UploadFields }> {
  const { words, values } = context
  if (words.length === 0) throw new UsageError('FILE, FOLDER or URL is missing')
  const { folder, ...fields } = givenFields(values, UPLOAD)
  if (fields['file'] !== undefined) {
    throw new UsageError('The file is given by its name alone, not with --field')
  }
  const named = Boolean(values['skip-existing']) && fields['public_id'] === undefined
  const files = await planFiles(words, { folder: folder === undefined ? undefined : String(folder), named })
  if (fields['public_id'] !== undefined && files.length > 1) {
    throw new UsageError('--public-id is for one file, and these are more')
  }
  // A file that keeps its name has the folder in its public ID.
  const isNamed = files.every(({ publicId }) => publicId !== undefined)
  return { files, fields: isNamed || folder === undefined ? fields : { ...fields, folder: String(folder) } }
}

/** Stores files. */
export const upload: GatewayCall = {
  usage: 'FILE|FOLDER|URL...',
  help: `A folder is uploaded with the files below it, but for hidden ones and links, four files at a time; each file keeps its path as its
public ID. A single file gets the ID that --public-id names, or one that Cloudinary makes up.

Options
  --public-id <id>           Name of the asset
  --folder <folder>          Folder before the public IDs
  --asset-folder, --display-name <text>
  --tags <a,b>               Tags
  --context <name=value>     Context; repeat it for more
  --metadata <id=value>      Structured metadata; repeat it for more
  --preset <name>            Upload preset
  --resource-type <kind>     auto (default), image, video or raw
  --type <type>              upload (default), private or authenticated
  --no-overwrite             Leave an asset of the same name as it is
  --use-filename, --no-unique-filename
                             Take the file's name for the public ID
  -f, --field <name=value>   Any other field of POST /upload
  --skip-existing            Leave out files whose public ID is taken; files are then named after themselves
  --dry-run                  Print what would be uploaded, and upload nothing

Examples
  cloudinary-gateway upload cat.jpg --public-id cats/tom --tags cat,portrait
  cloudinary-gateway upload photos --folder 2024 --skip-existing
  cloudinary-gateway upload https://example.com/cat.jpg
  cloudinary-gateway upload photos --json | jq -r 'select(.status == "failed") | .source'
`,
  options: { ...optionsFor(UPLOAD), 'skip-existing': { type: 'boolean' }, 'dry-run': { type: 'boolean' } },
  async run (context) {
    const { files, fields } = await planned(context)
    const taken = context.values['skip-existing'] ? await takenIds(context, files) : new Set<string>()
    const uploads = new Uploads(context, files, fields, taken)
    await uploads.run()
    const { counts } = uploads
    const told = Object.entries(counts).flatMap(([status, count]) => count > 0 ? [`${count} ${status}`] : [])
    if (files.length !== 1 && !context.json) context.terminal.err(`${told.join(', ') || 'No files'}.\n`)
    return counts.failed > 0 ? EXIT.failed : EXIT.done
  }
}
