import { dirname, posix } from 'node:path'
import ts from 'typescript'

/** An import or re-export of one file of the project by another. */
export interface Import { readonly from: string, readonly to: string, readonly typeOnly: boolean }

/** Returns where the path of an import stands that is for types alone. */
function typesFrom (statement: ts.Statement, file: ts.SourceFile): number | undefined {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return undefined
  const isTypeOnly = ts.isExportDeclaration(statement) ? statement.isTypeOnly : statement.importClause?.isTypeOnly
  return isTypeOnly === true ? statement.moduleSpecifier?.getStart(file) : undefined
}

/** Returns every import of a file of the project, of types and at run time too, as TypeScript itself finds them. */
export function importsOf (from: string, text: string): Import[] {
  const file = ts.createSourceFile(from, text, ts.ScriptTarget.Latest)
  const types = new Set(file.statements.map((statement) => typesFrom(statement, file)))
  return ts.preProcessFile(text).importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName, pos }) => ({ from, to: posix.join(dirname(from), fileName), typeOnly: types.has(pos) }))
}

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
