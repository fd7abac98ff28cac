import type { Route } from './call.ts'

interface Compiled<Services> { route: Route<Services>, pattern: RegExp, names: string[] }

export interface Match<Services> { route: Route<Services>, params: Record<string, string> }

/**
 * Finds routes by their *decoded* path: some clients send whole paths with `%2F`, others send the slashes of a public ID
 * raw. The first route that fits wins, so special paths stand before general ones.
 */
export class RouteTable<Services> {
  readonly #routes: Compiled<Services>[]
  constructor (routes: readonly Route<Services>[]) { this.#routes = routes.map((route) => compile(route)) }

  /** Returns undefined where nothing is imitated: the vendor may know the path, or another method of it. */
  find (method: string, path: string): Match<Services> | undefined {
    for (const { route, pattern, names } of this.#routes) {
      const found = route.method === method ? pattern.exec(path) : null
      if (found) return { route, params: Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ''])) }
    }
    return undefined
  }
}

function compile<Services> (route: Route<Services>): Compiled<Services> {
  const names: string[] = []
  const source = route.path.split('/').map((segment) => {
    const variable = /^([:*])(\w+)(?:\((.+)\))?$/.exec(segment)
    if (!variable) return segment
    const [, mark, name = '', choice] = variable
    names.push(name)
    if (choice) return `(${choice})`
    return mark === '*' ? '(.+)' : '([^/]+)'
  }).join('/')
  return { route, pattern: new RegExp(`^${source}$`, 's'), names }
}
