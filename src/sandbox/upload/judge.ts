import { resourceType } from '../assets/parameters.ts'
import type { ResourceTypeName } from '../assets/kinds.ts'
import type { ReceivedFile } from '../api/body.ts'
import type { Call } from '../api/call.ts'
import { SandboxError } from '../errors.ts'
import type { PictureMakers } from './derive/eager.ts'
import { draftRecord } from './derive/incoming.ts'
import { inspect, type Inspected } from './inspect/inspect.ts'

/**
 * Looks at the bytes of an upload and decides what they become; raw files are taken as they are.
 * @param wanted a resource type, or `auto`.
 * @throws {SandboxError} 400 for what the vendor would not take: other bytes than were announced, a broken
 * image, a container that cannot be opened.
 */
export async function judge (
  call: Call, { blobs, renderer }: PictureMakers, wanted: string, file: ReceivedFile
): Promise<Inspected> {
  const type = wanted === 'auto' ? undefined : resourceType(wanted)
  if (type === 'raw') return { resource_type: 'raw' }
  const found = await inspect(blobs, file.key)
  const kind = type ?? found.resource_type
  const { isBroken, ...facts } = found
  if (kind !== found.resource_type || isBroken) throw refusal(kind)
  return found.format === 'svg' ? { ...facts, ...await drawnSize(call, renderer, file, facts) } : facts
}

function refusal (kind: ResourceTypeName): SandboxError {
  return new SandboxError(400, kind === 'video' ? 'Unsupported video format or file' : 'Invalid image file')
}

/**
 * The size of a drawing, which is a program of sorts: it runs where everything is rendered, in a process that
 * may be killed. One that cannot be drawn is no image.
 */
async function drawnSize (
  call: Call, renderer: PictureMakers['renderer'], file: ReceivedFile, facts: Inspected
): Promise<{ width: number, height: number }> {
  const { original } = await renderer.render(call.cloud, draftRecord(call, file, facts), 'c_scale,h_1,w_1', 'png')
  return { width: original.width, height: original.height }
}
