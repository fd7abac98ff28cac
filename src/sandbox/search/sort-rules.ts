import { SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'

/** Reads rules given as text: JSON, or `field,direction`, which Cloudinary's MCP server puts into a query. */
function parsed (rule: string): unknown {
  const [, field, direction] = /^([\w.]+),(asc|desc)$/i.exec(rule) ?? []
  if (field !== undefined) return { [field]: direction }
  try {
    return JSON.parse(rule)
  } catch {
    throw new SandboxError(400, `Invalid value ${rule} for parameter sort_by`)
  }
}

/** `sort_by`: `[{"created_at":"desc"}]`; empty when nothing is said. */
export function sortRules (call: Call): { field: string, descending: boolean }[] {
  const given = call.fields.has('sort_by') ? call.fields.raw('sort_by') : []
  const value = typeof given === 'string' ? parsed(given) : given
  // Clients that send forms write each rule by itself.
  const entries = [value].flat().map((entry: unknown) => typeof entry === 'string' ? parsed(entry) : entry)
  return entries.flatMap((entry) => Object.entries(entry ?? {})).map(([field, direction]) => {
    if (!/^(asc|desc)$/i.test(String(direction))) throw new SandboxError(400, `Invalid value ${String(direction)} for parameter sort_by`)
    return { field, descending: /^desc$/i.test(String(direction)) }
  })
}
