import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import type { Config } from '../config/types.ts'

/** A secret as it may turn up in a line: as it is, in a URL, in JSON, alone or with its key in base64 (Basic auth). */
function spellings (key: string, secret: string): string[] {
  const basic = Buffer.from(`${key}:${secret}`)
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), basic.toString('base64'), basic.toString('base64url')]
}

/**
 * Replaces each secret of the config in a line by `[secret]`: a last net, should one ever come near the log.
 * The sandbox's secrets are public and stay, as do texts too short to be told from words.
 */
export function secretMask (config: Config): (line: string) => string {
  const secrets = config.environments.filter(({ sandbox }) => !sandbox).flatMap(({ apiKey, apiSecret }) => spellings(apiKey, apiSecret.reveal()))
  if (config.redisUrl) secrets.push(...spellings('', config.redisUrl.reveal()))
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 8)
  return (line) => known.reduce((text, secret) => text.includes(secret) ? text.replaceAll(secret, '[secret]') : text, line)
}

/** Where lines go: a reader of pretty lines for a person at a terminal, JSON lines for everything else. */
async function prettyStream (): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true })
}

/** Where libraries put the headers of a request at their most talkative (the multipart parser does): keys and cookies of callers. */
const HEADERS = ['headers', 'req.headers', 'busboyOptions.headers']

/** The one log of the process, on standard output. */
export async function createLogger (config: Config, interactive: boolean, destination?: DestinationStream): Promise<Logger> {
  const stream = destination ?? (interactive && !config.production ? await prettyStream() : pino.destination(1))
  return pino({ level: config.logLevel, redact: { paths: HEADERS, censor: '[secret]' }, hooks: { streamWrite: secretMask(config) } }, stream)
}
