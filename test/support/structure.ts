export type Graph = ReadonlyMap<string, ReadonlySet<string>>

export function graphOf (edges: ReadonlyArray<readonly [from: string, to: string]>): Graph {
  const graph = new Map<string, Set<string>>()
  for (const [from, to] of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to))
  return graph
}

/** Returns a way from a node back to itself, or undefined. */
export function circleIn (graph: Graph): string[] | undefined {
  const safe = new Set<string>()
  const walk = (node: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node]
    if (safe.has(node)) return undefined
    for (const next of graph.get(node) ?? []) {
      const circle = walk(next, [...way, node])
      if (circle) return circle
    }
    safe.add(node)
    return undefined
  }
  return [...graph.keys()].map((node) => walk(node, [])).find((circle) => circle !== undefined)
}

/** Names of types, interfaces and classes that stand in more than one file, each with its files. */
export function sharedTypeNames (files: readonly string[], textOf: (file: string) => string): Array<[string, string[]]> {
  const homes = new Map<string, string[]>()
  for (const file of files) {
    for (const [, name = ''] of textOf(file).matchAll(/^(?:export )?(?:interface|type|class) (\w+)/gm)) {
      homes.set(name, [...homes.get(name) ?? [], file])
    }
  }
  return [...homes].filter(([, where]) => where.length > 1)
}
