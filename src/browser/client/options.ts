import type { UploaderOptions, UploadOptions } from './types.ts'

/** Options that are whole numbers, with the least that they may be. */
const NUMBERS: Record<string, number> = { chunkBytes: 5_242_880, retries: 0, parallel: 1, stallMs: 1 }
const UPLOAD = ['fields', 'onProgress', 'signal']
const UPLOADER = [
  'signatureUrl', 'sign', 'headers', 'credentials', 'via', 'directUploadUrl', 'rulesUrl', 'explainUrl', 'storage',
  ...Object.keys(NUMBERS)
]

function fail (message: string): never { throw new TypeError(message) }

const beginning = (name: string): string => name.slice(0, 4).toLowerCase()

function check (options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      const near = known.find((one) => beginning(one) === beginning(name)) ?? `one of ${known.join(', ')}`
      fail(`${name} is not an option: did you mean ${near}?`)
    }
    const least = NUMBERS[name] ?? 0
    if (name in NUMBERS && value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
      fail(`${name} must be a whole number from ${least} on`)
    }
  }
}

/** @throws {TypeError} that names the option. */
export function checkUploader (options: UploaderOptions): void {
  check(options, UPLOADER)
  const { sign, signatureUrl, via = 'cloudinary', directUploadUrl } = options
  if (!signatureUrl && typeof sign !== 'function') fail('Give signatureUrl or sign, a function')
  if (via === 'gateway' ? !signatureUrl && !directUploadUrl : via !== 'cloudinary') {
    fail('via must be cloudinary, or gateway beside signatureUrl or directUploadUrl')
  }
}

/** @throws {TypeError} that names the option. */
export function checkUpload (file: unknown, options: UploadOptions): void {
  const isFile = typeof file === 'string' ? /^https?:\/\//i.test(file) : (file as Blob | null)?.arrayBuffer
  if (!isFile) fail('Give a File, a Blob or an http(s) URL')
  check(options, [...UPLOAD, 'chunkBytes', 'retries'])
  const { fields = {} } = options
  if (typeof fields !== 'object' || Array.isArray(fields)) fail('fields must be an object')
}
