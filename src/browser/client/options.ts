import type { UploaderOptions, UploadOptions } from './types.ts'

const SMALLEST_CHUNK = 5_242_880
const UPLOADER = [
  'signatureUrl', 'sign', 'headers', 'credentials', 'via', 'directUploadUrl', 'rulesUrl', 'explainUrl', 'parallel', 'stallMs', 'storage',
  'chunkBytes', 'retries'
]
const UPLOAD = ['fields', 'onProgress', 'signal', 'chunkBytes', 'retries']

/** Edits that lead from one word to the other. Source: Levenshtein. */
function distance (one: string, other: string): number {
  let row = [...other, ''].map((_, index) => index)
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1]
    for (const [index, wanted] of [...other].entries()) {
      next.push(Math.min((next[index] ?? 0) + 1, (row[index + 1] ?? 0) + 1, (row[index] ?? 0) + (letter === wanted ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function checkNames (options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const near = known.find((one) => distance(one.toLowerCase(), name.toLowerCase()) < 3)
    throw new TypeError(`${name} is not an option${near ? `: did you mean ${near}?` : ''}`)
  }
}

function checkNumber (options: object, name: string, least: number): void {
  const value = (options as Record<string, unknown>)[name]
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)) return
  throw new TypeError(`${name} must be a whole number, at least ${least}`)
}

/** @throws {TypeError} that names the option. */
export function checkUploader (options: UploaderOptions): void {
  checkNames(options, UPLOADER)
  checkNumbers(options)
  checkNumber(options, 'parallel', 1)
  checkNumber(options, 'stallMs', 1)
  const { sign, signatureUrl, via, directUploadUrl } = options
  if (typeof sign !== 'function' && !signatureUrl) {
    throw new TypeError('Give signatureUrl, the address that signs uploads (POST /signature of the gateway), or a function sign')
  }
  if (![undefined, 'cloudinary', 'gateway'].includes(via)) throw new TypeError('via must be cloudinary or gateway')
  if (via === 'gateway' && !signatureUrl && !directUploadUrl) {
    throw new TypeError('via: \'gateway\' needs signatureUrl or directUploadUrl')
  }
}

function checkNumbers (options: object): void {
  checkNumber(options, 'chunkBytes', SMALLEST_CHUNK)
  checkNumber(options, 'retries', 0)
}

/** @throws {TypeError} that names the option. */
export function checkUpload (file: unknown, options: UploadOptions): void {
  const isFile = typeof (file as Blob | undefined)?.slice === 'function' && (typeof file === 'string' ? /^https?:\/\//i.test(file) : true)
  if (!isFile) throw new TypeError('The first argument must be a File, a Blob, or an http(s) URL')
  checkNames(options, UPLOAD)
  checkNumbers(options)
  const { fields } = options
  if (fields !== undefined && Object.prototype.toString.call(fields) !== '[object Object]') {
    throw new TypeError('fields must be an object, such as { folder: \'users/1\' }')
  }
}

/** Returns the options of an uploader and those of one upload apart. */
export function split (options: UploaderOptions & UploadOptions): [UploaderOptions, UploadOptions] {
  const all = Object.entries(options)
  const own = all.filter(([name]) => ['fields', 'onProgress', 'signal'].includes(name))
  return [
    Object.fromEntries(all.filter((entry) => !own.includes(entry))) as unknown as UploaderOptions, // checked next
    Object.fromEntries(own)
  ]
}
