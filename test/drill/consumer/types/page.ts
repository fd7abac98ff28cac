import { GatewayClient, type GatewayProblem } from 'cloudinary-gateway/api'
import {
  createUploader, upload, UploadError, type Asset, type Progress, type Uploader
} from 'cloudinary-gateway/client'
import { type CloudinaryUpload } from 'cloudinary-gateway/upload-element'

/** Compiled, not run: what the declarations promise to a front end, which knows nothing of Node. */
export async function send (input: HTMLInputElement): Promise<string> {
  const client = new GatewayClient({ url: location.origin })
  const [file] = input.files ?? []
  if (file === undefined) return 'no file'
  const { fields } = await client.sign({ folder: 'users/1' })
  const asset = await client.directUpload(file, fields)
  const { url } = await client.url(asset.public_id ?? '', { transformation: { width: 300, crop: 'fill' } })
  for await (const one of client.assets({ prefix: 'users/' })) console.log(one.public_id)
  return url
}

export const textOf = (problem: GatewayProblem): string => problem.advice ?? problem.message

export async function withProgress (file: File, bar: HTMLProgressElement): Promise<string> {
  const onProgress = ({ loaded, total, error }: Progress): void => {
    bar.value = loaded / total
    if (error) console.log(error.advice)
  }
  const running = upload(file, {
    signatureUrl: '/signature', fields: { folder: 'users/1', tags: ['a'] }, onProgress
  })
  running.pause()
  running.resume()
  try {
    const asset: Asset = await running
    return asset.secure_url
  } catch (error) {
    return error instanceof UploadError && error.outcome === 'unknown' ? error.advice : String(error)
  }
}

export const uploader: Uploader = createUploader({
  signatureUrl: new URL('/signature', location.origin), parallel: 2, storage: null
})
// @ts-expect-error: the name of an option is misspelt
createUploader({ signatureURL: '/signature' })

export function listen (field: CloudinaryUpload): readonly string[] {
  field.texts = { choose: 'Add your pictures' }
  field.headers = async () => ({ authorization: 'Bearer token' })
  document.querySelector('cloudinary-upload')?.pauseAll()
  return field.value
}
