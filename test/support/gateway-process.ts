import { spawn, type ChildProcess } from 'node:child_process'
import { bareNode, productArguments } from './product.ts'

export interface GatewayProcess {
  /** Where it listens: `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly child: ChildProcess
  /** What it has written to standard output so far. */
  readonly log: () => string
}

/** The program itself, on a free port, as a process of its own; it ends with the test. */
export async function startGatewayProcess (t: { teardown: (end: () => void) => void }, variables: Record<string, string>): Promise<GatewayProcess> {
  const [program, ...args] = bareNode(productArguments('src/server.ts'))
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], PORT: '0', ...variables } })
  t.teardown(() => { child.kill('SIGKILL') })
  let log = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      log += text
      const [, found] = /Server listening at (http:[^"]+)"/.exec(log) ?? []
      if (found !== undefined) resolve(found)
    })
    child.stderr.resume()
    child.once('exit', (code) => { reject(new Error(`ended with ${code}: ${log}`)) })
  })
  return { url, child, log: () => log }
}
