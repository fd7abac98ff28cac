import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, isInstalled } from '../../support/programs.ts'
import { startProgram, type RunningServer } from '../servers.ts'

/** True when there is an nginx to compare with. */
export function hasNginx (): boolean { return isInstalled('nginx', ['-v']) }

function configuration (folder: string, port: number, upstreamUrl: string): string {
  const upstream = new URL(upstreamUrl).host
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/${name};`)
  return [
    'daemon off;',
    'worker_processes 1;',
    // As the one who runs the bench: another user could not enter its folder.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    `pid ${folder}/pid;`,
    `error_log ${folder}/error.log warn;`,
    'events { worker_connections 1024; }',
    'http {',
    ...temporary,
    `  access_log ${folder}/access.log;`,
    '  client_max_body_size 0;',
    '  keepalive_requests 1000000;',
    `  upstream sink { server ${upstream}; keepalive 64; keepalive_requests 1000000; }`,
    '  server {',
    `    listen 127.0.0.1:${port};`,
    '    location / {',
    '      proxy_pass http://sink;',
    '      proxy_http_version 1.1;',
    '      proxy_set_header Connection "";',
    '      proxy_request_buffering off;',
    '    }',
    '  }',
    '}'
  ].join('\n')
}

/** nginx as a plain proxy: the practical limit. It streams bodies, keeps connections, writes one log line per request. */
export async function startNginx (parent: string, upstreamUrl: string): Promise<RunningServer> {
  const folder = join(parent, 'nginx')
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(folder, port, upstreamUrl))
  const url = `http://127.0.0.1:${port}`
  // It says nothing when it is ready; its process file tells.
  const server = await startProgram({
    command: 'sh',
    args: ['-c', `(until [ -s "${folder}/pid" ]; do sleep 0.05; done; echo "listening at ${url}") & exec nginx -c "${file}" -e "${folder}/error.log"`],
    logFile: join(folder, 'out.log'),
    address: /listening at (\S+)/
  })
  return server
}
