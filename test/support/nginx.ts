import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort, skipWithout, untilListening } from './programs.ts'

/** Why tests with nginx are skipped on this machine, or false. */
export const NO_NGINX = skipWithout('nginx', ['-v'])

export interface Nginx {
  readonly url: string
  /** Sends requests to these ports from now on; those that run go on. */
  readonly balance: (ports: readonly string[]) => void
}

/** A balancer that keeps connections and hides no failure: no request is sent to a second server. */
function configuration (folder: string, port: number, ports: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return [
    'daemon off;', 'worker_processes 1;', userInfo().uid === 0 ? 'user root;' : '',
    `pid ${folder}/nginx.pid;`, `error_log ${folder}/error.log;`,
    'events { worker_connections 1024; }',
    'http {',
    'access_log off;',
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    `upstream gateways { ${ports.map((to) => `server 127.0.0.1:${to} max_fails=0;`).join(' ')} keepalive 16; }`,
    `server { listen 127.0.0.1:${port}; client_max_body_size 0;`,
    'location / { proxy_pass http://gateways; proxy_http_version 1.1; proxy_set_header Connection "";',
    'proxy_set_header Host $http_host; proxy_request_buffering off; proxy_next_upstream off; } }',
    '}'
  ].join('\n')
}

/** A real nginx in front of gateways; it ends with the test. */
export async function startNginx (
  t: { teardown: (end: () => void) => void }, parent: string, ports: readonly string[]
): Promise<Nginx> {
  const folder = join(parent, 'nginx')
  mkdirSync(folder)
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(folder, port, ports))
  const child = spawn('nginx', ['-c', file, '-e', join(folder, 'error.log')], { stdio: 'ignore' })
  // Its workers end with it: a signal that it cannot see would leave them.
  t.teardown(() => { child.kill('SIGTERM') })
  await untilListening(child, port)
  return {
    url: `http://127.0.0.1:${port}`,
    balance: (next) => {
      writeFileSync(file, configuration(folder, port, next))
      child.kill('SIGHUP')
    }
  }
}
