import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A page of the project's documentation: its path from the root, and its text. */
export interface Page { readonly path: string, readonly text: string }

/** A fenced block: what stands behind the fence, such as `sh docker`, and its content. */
export interface Block {
  readonly page: string, readonly language: string, readonly mark: string, readonly text: string
}

export const PAGES: readonly Page[] = [
  'README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)
].filter((path) => path.endsWith('.md')).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

export function blocksOf ({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```(\w+)(?: (\w+))?\n([^]*?)^```$/gm)]
    .map(([, language = '', mark = '', block = '']) => ({ page: path, language, mark, text: block }))
}

/** Text without what stands in fenced blocks. */
export const proseOf = ({ text }: Page): string => text.replace(/^```[^]*?^```$/gm, '')

/** Returns the anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')

export function anchorsOf (page: Page): Set<string> {
  return new Set([...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)))
}

/** A link of a page to a file of the project, by its path from the root. */
export interface PageLink { readonly page: string, readonly to: string, readonly anchor: string }

export function linksOf (page: Page): PageLink[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#')
      const to = path === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), path))
      return { page: page.path, to, anchor }
    })
}

/** Lines of the README's table of actions and of blocks of shell, in their order; a line may go on indented. */
export function commandsOf (page: Page): string[] {
  const table = [...page.text.matchAll(/^\| \d \|.*`(curl [^`]+)` \|$/gm)].map(([, line = '']) => line)
  const blocks = blocksOf(page).filter(({ language, mark }) => language === 'sh' && mark === '')
  const lines = blocks.flatMap(({ text }) => text.split(/\n(?! )/))
  return [...table, ...lines.map((line) => line.replace(/(^| )#.*$/, '').trim())]
    .filter((line) => line !== '')
}
