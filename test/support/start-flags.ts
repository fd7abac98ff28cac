/** The flags of Node in the `start` script of package.json, which has them for every way in which the gateway is started. */
export function startFlags (script: string): string[] {
  const flags = /\bnode ((?:--\S+ )*)dist\/src\/server\.js$/.exec(script)?.[1]
  if (flags === undefined) throw new Error(`the script does not start the gateway: ${script}`)
  return flags.split(' ').filter((flag) => flag !== '')
}
