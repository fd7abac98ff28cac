import '@tapjs/core' // first, or the next import fails: the two import each other
import { signature } from '@tapjs/test'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/*
 * Builds tap without the plugins that package.json takes out of it. tap would do so in its first run, but
 * start the tests of that run with the loaders it came with: they compile each file a second time, at 20 s of
 * CPU a process.
 */

const { tap } = JSON.parse(readFileSync('package.json', 'utf8'))
const unwanted = tap.plugin.filter((name) => name.startsWith('!')).map((name) => name.slice(1))
if (unwanted.some((name) => signature.split('\n').includes(name))) {
  const { status } = spawnSync('tap', ['build'], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
