import { SandboxError } from '../errors.ts'
import type { Call } from '../api/call.ts'

/** One rule as text: clients that send forms write each by itself. */
function parsed (rule: string): unknown {
  try {
    return JSON.parse(rule)
  } catch {
    throw new SandboxError(400, `Invalid value ${rule} for parameter sort_by`)
  }
}

/** `sort_by`: `[{"created_at":"desc"}]`; empty when nothing is said. */
export function sortRules (call: Call): { field: string, descending: boolean }[] {
  const value = call.fields.has('sort_by') ? call.fields.json('sort_by') : []
  const entries = (Array.isArray(value) ? value : [value]).map((entry: unknown) => typeof entry === 'string' ? parsed(entry) : entry)
  return entries.flatMap((entry) => Object.entries(entry ?? {})).map(([field, direction]) => {
    if (!/^(asc|desc)$/i.test(String(direction))) throw new SandboxError(400, `Invalid value ${String(direction)} for parameter sort_by`)
    return { field, descending: /^desc$/i.test(String(direction)) }
  })
}
