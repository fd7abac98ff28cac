import { existsSync } from 'node:fs'

/**
 * Only a mirror earns coverage: `test/routes/x.test.ts` covers `routes/x.ts`, `test/a/b.test.ts` covers `src/a/b.ts`.
 * The sandbox is a product of its own, judged by the official clients in `test/contract/`, and is left out.
 */
export default (file) => {
  const mirrored = /^test\/(.+)\.test\.[tj]s$/.exec(file.replaceAll('\\', '/'))?.[1]
  if (!mirrored || mirrored.startsWith('sandbox/')) return null
  const source = mirrored.startsWith('routes/') ? `${mirrored}.ts` : `src/${mirrored}.ts`
  return existsSync(source) ? source : null
}
