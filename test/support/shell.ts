import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { productArguments } from './product.ts'

const execute = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const quoted = (text: string): string => `'${text}'`

/**
 * Programs in front of those of the machine. They run the product as it is here, not as a registry has it; what does
 * not end by itself is ended once it has said that it is there. `npm` installs nothing: it looks whether a script
 * exists.
 */
function programs (node: string): Record<string, string> {
  const product = [node, ...productArguments('src/server.ts')].map(quoted).join(' ')
  return {
    'cloudinary-gateway': `case "\${1:-serve}" in
  serve|sandbox)
    exec 3< <(PORT=0 SANDBOX_PORT=0 exec ${product} "$@" 2>&1); server=$!
    while read -r line <&3; do echo "$line"; case "$line" in *http://*) kill $server; exit 0;; esac; done
    exit 1;;
  *) exec ${product} "$@";;
esac`,
    npx: 'exec "$@"',
    npm: `case "$1" in
  ci) test -f ${quoted(join(ROOT, 'package-lock.json'))};;
  start) exec cloudinary-gateway serve;;
  run) shift; exec ${quoted(node)} -e 'const { scripts } = require(process.argv[1]); process.exit(process.argv.slice(2).some((name) => name in scripts) ? 0 : 1)' ${quoted(join(ROOT, 'package.json'))} "$@";;
  *) exec "$0" run "$1";;
esac`,
    node: `case "$*" in *dist/src/server.js*) exec cloudinary-gateway serve;; *) exec ${quoted(node)} "$@";; esac`
  }
}

/** A folder in which commands of the documentation run, as if it were the folder of the project. */
export class Shell {
  readonly #folder: string
  readonly #translate: (text: string) => string

  /** `translate` changes the addresses that a command names. */
  constructor (folder: string, translate: (text: string) => string) {
    this.#folder = folder
    this.#translate = translate
    mkdirSync(join(folder, 'bin'))
    for (const [name, script] of Object.entries(programs(process.execPath))) {
      const path = join(folder, 'bin', name)
      writeFileSync(path, `#!/bin/bash\n${script}\n`)
      chmodSync(path, 0o755)
    }
    for (const name of ['test', '.env.example']) symlinkSync(join(ROOT, name), join(folder, name))
  }

  /** Runs one command; a request must be answered 200. Resolves with what it printed. */
  async run (command: string): Promise<string> {
    const line = this.#translate(command).replace(/^curl /, 'curl -sS -w "\\n%{http_code}" ')
    const PATH = `${join(this.#folder, 'bin')}:${process.env['PATH']}`
    const { stdout } = await execute('bash', ['-c', line], {
      cwd: this.#folder,
      timeout: 60_000,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_ENV: '',
        SANDBOX_DATA: ':memory:',
        GATEWAY_URL: this.#translate('http://127.0.0.1:8080'),
        PATH
      }
    })
    if (command.startsWith('curl ') && !stdout.endsWith('\n200')) throw new Error(`${command}\n${stdout}`)
    return stdout
  }
}

/** Fails when bash cannot read the text. */
export async function checkSyntax (text: string): Promise<void> {
  await execute('bash', ['-n', '-c', text])
}
