/** Where the gateway is. */
export const GATEWAY = process.argv[2] ?? ''
export const ID = 'cats/tom'
/** A picture of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const FILE = new File([Buffer.from(PIXEL, 'base64')], 'cat.png', { type: 'image/png' })

export interface Report {
  readonly uploaded: number | undefined
  readonly bytes: number | undefined
  readonly remote: number | undefined
  readonly url: string | undefined
  readonly list: readonly (string | undefined)[] | undefined
  readonly got: string | undefined
  readonly updated: unknown
  readonly link: string | undefined
  readonly direct: number | undefined
  readonly deleted: string | undefined
  readonly absent: string | undefined
}

export function report (what: Report): void {
  console.log(JSON.stringify(what))
}
