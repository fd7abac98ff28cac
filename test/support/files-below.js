import { readdirSync } from 'node:fs'

/** Paths of the files in a folder and below, but for packages, which are thousands. */
export function filesBelow (folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules')
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}
