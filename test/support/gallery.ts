import sharp from 'sharp'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'

/** A picture whose four quarters and middle can be told apart, so that a crop shows where it was taken from. */
export function picture (width: number, height: number) {
  return sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#c33"/>
    <rect width="50%" height="50%" fill="#3c3"/><circle cx="50%" cy="50%" r="${height / 4}" fill="#ff0"/></svg>`))
}

export interface Gallery {
  readonly sandbox: Sandbox
  /** A JPEG of 1000 x 600. */
  readonly photo: Buffer
  /** Asks the sandbox for a path of its delivery. */
  get (path: string, headers?: Record<string, string>, method?: string): Promise<{ status: number, headers: Headers, body: Buffer, error: string | null }>
}

/** A sandbox whose clock stands still, and a picture to put into it. Close the sandbox with the test. */
export async function openGallery (): Promise<Gallery> {
  const photo = await picture(1000, 600).jpeg().toBuffer()
  const sandbox = await startSandbox({ clock: () => 1_700_000_000_000 })
  const get: Gallery['get'] = async (path, headers = {}, method = 'GET') => {
    const response = await fetch(sandbox.url + path, { method, headers })
    return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()), error: response.headers.get('x-cld-error') }
  }
  return { sandbox, photo, get }
}
