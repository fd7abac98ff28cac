import { spawn } from 'node:child_process'
import { join } from 'node:path'

/*
 * Prepares what tests need, side by side: the built product, tap with the plugins that package.json names, and
 * the sources without their types. It stands in the test script, because npm runs no `pretest` where `.npmrc`
 * forbids scripts at install time.
 */

function run (command, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', (code) => { resolve(code ?? 1) })
  })
}

const codes = await Promise.all([
  run('npm', 'run', '-s', 'build'),
  run(process.execPath, join(import.meta.dirname, 'tap-plugins.js')),
  run(process.execPath, join(import.meta.dirname, 'blank-types.js'))
])
process.exitCode = codes.find((code) => code !== 0) ?? 0
