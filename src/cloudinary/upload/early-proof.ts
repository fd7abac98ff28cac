import { invalidRequest, type GatewayError } from '../../errors.ts'
import type { StreamedFile } from '../../input/forms/upload-form.ts'
import type { Upload } from './uploader.ts'

/** Nobody may hold the memory of a chunk on credit. */
const UNPROVEN = [{
  pointer: '/signature',
  message: 'must stand before a file that is large or of unknown size, as all fields must'
}]
const LATE_FIELDS = 'Fields after the file were not looked at: all that are signed must stand before it, ' +
  'or the signature after it too.'

/** What does not fit before the file might with the fields after it. */
function sealEarly (seal: () => unknown): void {
  try {
    seal()
  } catch (error) {
    const caught = error as GatewayError // nothing else is thrown by who checks signatures
    throw caught.but({ message: `${caught.message.replace(/[.]?$/, '.')} ${LATE_FIELDS}` })
  }
}

/**
 * Checks the proof of a direct upload before its file is read. False when the signature is still to come,
 * after the file.
 * @param canWait whether the file can be sent once all fields are known.
 * @throws {GatewayError} when the signature does not fit, or is still to come and the file is too large to
 * wait for it.
 */
export function provesItself<Parameters extends object> (
  { file, parameters, late, seal }: Upload<Parameters>, canWait: (file: StreamedFile) => boolean
): boolean {
  if (late === undefined) seal(parameters)
  else if (Object.hasOwn(parameters, 'signature')) sealEarly(() => seal(parameters))
  else if (typeof file === 'object' && !canWait(file)) throw invalidRequest(UNPROVEN)
  else return false
  return true
}
