import { buildSandbox, type SandboxAppOptions } from './app.ts'
import { clientUrl, type CloudSettings } from './clouds.ts'
import type { Faults } from './faults/faults.ts'
import type { RequestRecord } from './faults/requests.ts'
import { addAsset, type AddOptions, type AddedAsset } from './add-asset.ts'

export type { SandboxAppOptions } from './app.ts'
export type { CloudSettings } from './clouds.ts'
export type { FaultKind, FaultOrder, PendingFault } from './faults/faults.ts'
export type { RequestRecord } from './faults/requests.ts'
export type { AddOptions, AddedAsset } from './add-asset.ts'
export { buildSandbox } from './app.ts'

export interface SandboxOptions extends SandboxAppOptions {
  /** 0 (default): any free port. */
  port?: number
  /** Default `127.0.0.1`. */
  host?: string
}

/** A sandbox that listens. */
export interface Sandbox {
  /** Where it listens: `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string
  readonly clouds: readonly CloudSettings[]
  /** What to export as `CLOUDINARY_URL`, for the first cloud or the one named. */
  cloudinaryUrl (cloudName?: string): string
  /** Makes an asset: a tiny real image, or the bytes given. Answers as an upload does. */
  add (publicId: string, options?: AddOptions): Promise<AddedAsset>
  /** Faults to come: `sandbox.faults.add({ kind: 'reset', at_byte: 1000 })`. */
  readonly faults: Faults
  /** What it saw, oldest first. */
  readonly requests: RequestRecord[]
  /** Forgets everything, as if it had just been started on an empty folder. */
  reset (): Promise<void>
  close (): Promise<void>
}

/** Starts a Cloudinary look-alike on a socket of its own. */
export async function startSandbox (options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', ...rest } = options
  const { app, context, faults, requests, reset, resume } = await buildSandbox(rest)
  let url: string
  try {
    url = await app.listen({ port, host })
  } catch (error) {
    await app.close()
    throw error
  }
  if (options.publicUrl === undefined) context.publicUrl = url
  resume()
  const clouds = [...context.clouds.values()]
  return {
    url,
    clouds,
    cloudinaryUrl: (cloudName) => cloudinaryUrl(clouds, context.publicUrl, cloudName),
    add: (publicId, addOptions) => addAsset(context, publicId, addOptions),
    faults,
    get requests () { return requests.list() },
    reset,
    close: () => app.close()
  }
}

function cloudinaryUrl (clouds: readonly CloudSettings[], publicUrl: string, cloudName = clouds[0]?.cloudName): string {
  const cloud = clouds.find((one) => one.cloudName === cloudName)
  if (!cloud) throw new Error(`The sandbox has no cloud ${String(cloudName)}`)
  return clientUrl(cloud, publicUrl)
}
