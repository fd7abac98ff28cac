import { GatewayClient, type GatewayProblem } from 'cloudinary-gateway/api'

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
