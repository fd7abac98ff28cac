import { refusedRoutes } from '../admin/not-imitated.ts'
import { ROUTES } from '../routes.ts'
import { SIGNED_SEARCH } from '../search/signed-url.ts'
import { transformationCoverage } from '../transformation/coverage.ts'
import { OTHERWISE, UPLOAD_PARAMETERS } from '../api/upload-parameters.ts'
import type { Imitation } from '../imitation.ts'

/** One line: an endpoint, an upload parameter, or a part of the transformation URL, and what becomes of it here. */
export interface CoverageLine {
  readonly kind: string
  readonly name: string
  readonly support: Imitation
}

/** What is done as the vendor does it, what is taken without effect, and what is refused: read from the tables that decide it. */
export function coverage (): CoverageLine[] {
  const refused = new Set<object>(refusedRoutes)
  const endpoints = ROUTES.map((route): CoverageLine => ({
    kind: 'endpoint', name: `${route.method} /v1_1/{cloud}/${documented(route.path)}`, support: refused.has(route) ? 'refused' : 'real'
  }))
  const search: CoverageLine = { kind: 'endpoint', name: SIGNED_SEARCH, support: 'real' }
  const parameters = [...UPLOAD_PARAMETERS].map(([name, support]): CoverageLine => ({ kind: 'upload parameter', name, support }))
  const otherwise = Object.entries(OTHERWISE).flatMap(([type, treated]) => Object.entries(treated).sort().map(([name, support]): CoverageLine => ({ kind: `upload parameter, ${type}`, name, support })))
  const transformations = transformationCoverage().map(({ kind, name, support }): CoverageLine => ({ kind: `transformation ${kind}`, name, support }))
  return [...endpoints, search, ...parameters, ...otherwise, ...transformations, ...CONTENT, ...ANSWERS]
}

const content = (name: string, support: Imitation): CoverageLine => ({ kind: 'content of uploads', name, support })

/** How uploads are judged by their bytes. */
const CONTENT: readonly CoverageLine[] = [
  content('AVIF, GIF, JPEG, PNG, TIFF, WebP, animated ones too: decoded to their end, or refused', 'real'),
  content('SVG, after any declaration, comment or document type: drawn, or refused', 'real'),
  content('BMP, EPS, HEIC, ICO, JPEG XL, JPEG 2000, PDF, PSD: stored without being decoded', 'assumed'),
  content('AAC, FLAC, MKV, MOV, MP3, MP4, MPEG-TS, Ogg, WAV, WebM: opened, or refused', 'real'),
  content('AIFF, AMR, ASF, AVI, FLV, MPEG-PS: stored without being opened', 'assumed'),
  content('half a file: an image is refused, a video is stored if its first frame is there', 'assumed'),
  content('SVG in UTF-16: an image', 'assumed'),
  content('SVG in gzip (.svgz): raw', 'assumed')
]

/** Differences in answers. */
const ANSWERS: readonly CoverageLine[] = [
  { kind: 'answers', name: 'url and secure_url over plain http: both http, without --strict-urls', support: 'deviates' },
  { kind: 'answers', name: 'url and secure_url over https, or with --strict-urls: http and https', support: 'real' }
]

/** For people: one section for each kind. */
export function coverageText (): string {
  return [...byKind()].map(([kind, lines]) => {
    const width = Math.max(...lines.map(({ name }) => name.length))
    return `${kind}\n${lines.map(({ name, support }) => `  ${name.padEnd(width)}  ${SHOWN[support]}\n`).join('')}`
  }).join('\n')
}

/** The same as tables. All of it comes from this program, none from a request. */
export function coverageHtml (): string {
  return [...byKind()].map(([kind, lines]) => `<h2>${kind}</h2>\n<table>\n${
    lines.map(({ name, support }) => `<tr><td><code>${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</code><td>${SHOWN[support]}`).join('\n')}\n</table>`).join('\n')
}

const SHOWN: Readonly<Record<Imitation, string>> = {
  real: 'real',
  ignored: 'accepted and ignored',
  refused: 'refused',
  assumed: 'assumed: the vendor was not seen to do it',
  deviates: 'differs from the vendor'
}

function byKind (): Map<string, CoverageLine[]> {
  const kinds = new Map<string, CoverageLine[]>()
  for (const line of coverage()) kinds.set(line.kind, [...kinds.get(line.kind) ?? [], line])
  return kinds
}

/** `:rt(image|video)/*public_id` is `{image|video}/{public_id}`. */
function documented (path: string): string {
  return path.replace(/[:*](\w+)(?:\(([^)]*\|[^)]*)\)|\([^)]*\))?/g, (_whole, name: string, choice: string | undefined) => `{${choice ?? name}}`)
}
