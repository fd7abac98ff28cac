import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { UsageError } from '../usage.ts'
import { printable } from './call.ts'

/** One file that is to be uploaded. */
export interface PlannedFile {
  /** As a person knows it: a path, or a URL. */
  readonly source: string
  /** Undefined for a URL, which Cloudinary fetches. */
  readonly path: string | undefined
  readonly bytes: number
  /** Public ID that the file's place asks for; undefined where Cloudinary chooses one. */
  readonly publicId: string | undefined
}

const IS_URL = /^(?:https?|ftp|s3|gs):\/\//i
/** Images and videos have public IDs without an extension, raw files with it. */
const WITHOUT_EXTENSION = new Set([
  'ai apng avif bmp eps gif heic heif ico jfif jp2 jpe jpeg jpg jxl pdf png psd svg tga tif tiff webp',
  '3gp aac aif aiff amr avi flac flv m2ts m4a m4v mkv mov mp3 mp4 mpeg mpg mts mxf oga ogg ogv opus ts wav webm wma wmv'
].join(' ').split(' '))

/** Returns the public ID of a file, in the folder that its place and the options ask for. */
function publicIdOf (path: string, folder: string): string {
  const extension = extname(path)
  const isKnown = WITHOUT_EXTENSION.has(extension.slice(1).toLowerCase())
  const name = (isKnown ? path.slice(0, -extension.length) : path).split(sep).join('/')
  return folder === '' ? name : `${folder}/${name}`
}

const unreadable = (path: string) => (error: NodeJS.ErrnoException): never => {
  throw new UsageError(`${printable(path)} cannot be read (${error.code})`)
}

/** Files below a folder, in order. Hidden ones, and links that lead elsewhere, are left out. */
async function filesBelow (folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(unreadable(folder))
  const found = entries.filter(({ name }) => !name.startsWith('.')).map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [path] : []
  })
  return (await Promise.all(found)).flat().sort()
}

async function planned (path: string, from: string, folder: string): Promise<PlannedFile> {
  const { size: bytes } = await stat(path).catch(unreadable(path))
  return { source: path, path, bytes, publicId: publicIdOf(relative(from, path), folder) }
}

/** Turns a word of the command line into files. */
async function planOf (word: string, folder: string): Promise<PlannedFile[]> {
  if (IS_URL.test(word)) return [{ source: word, path: undefined, bytes: 0, publicId: undefined }]
  const status = await stat(word).catch(unreadable(word))
  if (!status.isDirectory()) return [await planned(word, dirname(word), folder)]
  const place = resolve(word)
  const inside = folder === '' ? basename(place) : `${folder}/${basename(place)}`
  return Promise.all((await filesBelow(word)).map((path) => planned(path, word, inside)))
}

/** A file that two others would replace is a mistake that no answer shows. */
function checkNames (files: readonly PlannedFile[]): void {
  const owners = new Map<string, string>()
  for (const { publicId, source } of files) {
    if (publicId === undefined) continue
    const owner = owners.get(publicId)
    if (owner !== undefined) {
      throw new UsageError(printable(`${owner} and ${source} would both be stored as ${publicId}`))
    }
    owners.set(publicId, source)
  }
}

/**
 * Lists what is to be uploaded. A file keeps its name when it comes from a folder, and always with `named`.
 * @throws {UsageError} when something cannot be read, or two files would have one public ID.
 */
export async function planFiles (
  words: readonly string[],
  { folder = '', named }: { readonly folder?: string | undefined, readonly named: boolean }
): Promise<PlannedFile[]> {
  const plans = await Promise.all(words.map((word) => planOf(word, folder)))
  const files = plans.flatMap((plan, index) => {
    const isAlone = plan[0]?.source === words[index]
    return isAlone && !named ? plan.map((file) => ({ ...file, publicId: undefined })) : plan
  })
  checkNames(files)
  return files
}
