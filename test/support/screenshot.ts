/** Renews the picture of the README (`npm run screenshot`): the first page of the built product. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { programFinder } from '../../src/commands/find-program.ts'
import { startGatewayProcess } from './gateway-process.ts'

const MAX_BYTES = 150_000
const FILE = join(import.meta.dirname, '../../docs/screenshot.png')

const ends: Array<() => unknown> = []
try {
  const teardown = (end: () => void): void => { ends.unshift(end) }
  const gateway = await startGatewayProcess({ teardown }, { SANDBOX_PORT: '0', SANDBOX_DATA: ':memory:' })
  const browser = await chromium.launch({
    executablePath: programFinder('chromium', process.env['PATH'])() ?? 'chromium', args: ['--no-sandbox']
  })
  ends.unshift(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1200, height: 750 }, colorScheme: 'light' })
  await page.goto(`${gateway.url}/docs`, { waitUntil: 'networkidle' })
  await page.getByText('/upload').first().waitFor()
  // Colors of a page fit into a palette, which makes the file a third as large.
  const picture = await sharp(await page.screenshot()).png({ palette: true, effort: 10 }).toBuffer()
  if (picture.length > MAX_BYTES) {
    throw new Error(
    `The picture has ${picture.length} bytes; at most ${MAX_BYTES} are wanted.`
    )
  }
  writeFileSync(FILE, picture)
  console.log(`${FILE}: ${picture.length} bytes`)
} finally {
  for (const end of ends) await end()
}
