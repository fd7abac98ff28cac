import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino'
import type { Config } from '../config/types.ts'
import { loggedError } from './logged-error.ts'

/** A secret as it may turn up in a line: as it is, in a URL, in JSON, alone or with its key in base64 (Basic auth). */
function spellings (key: string, secret: string): string[] {
  const basic = Buffer.from(`${key}:${secret}`)
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), basic.toString('base64'), basic.toString('base64url')]
}

/** The address of Redis, and its password alone: as it stands there, and as it is sent. ioredis takes one from the query as well. */
function redisSpellings (address: string): string[] {
  const { username, password, searchParams } = new URL(address)
  const passwords = [decodeURIComponent(password), searchParams.get('password') ?? ''].filter((text) => text !== '')
  return [address, password, ...passwords.flatMap((text) => spellings(decodeURIComponent(username), text))]
}

/** Credentials remembered at most; those replaced longest ago go first. Who rotates every hour must not slow down the log. */
const MOST_REMEMBERED = 200

/**
 * Replaces each known secret in a line by `[secret]`: a last net, should one ever come near the log. What is learnt
 * later is added to what is known, since a request may go on with credentials that were replaced meanwhile. The
 * sandbox's secrets are public and stay, as do texts too short to be told from words.
 */
export class SecretMask {
  /** Spellings by credentials; those that are in force stand last. */
  readonly #learnt = new Map<string, readonly string[]>()
  readonly #always: readonly string[]
  #known: readonly string[] = []

  constructor ({ environments, redisUrl }: Pick<Config, 'environments' | 'redisUrl'>) {
    this.#always = redisUrl ? redisSpellings(redisUrl.reveal()) : []
    this.learn(environments)
  }

  learn (environments: Config['environments']): void {
    for (const { apiKey, apiSecret, sandbox } of environments) {
      if (sandbox) continue
      const secret = apiSecret.reveal()
      const name = `${apiKey}:${secret}`
      this.#learnt.delete(name)
      this.#learnt.set(name, spellings(apiKey, secret))
    }
    for (const oldest of [...this.#learnt.keys()].slice(0, -MOST_REMEMBERED)) this.#learnt.delete(oldest)
    this.#known = [...new Set([this.#always, ...this.#learnt.values()].flat())].filter((form) => form.length >= 8)
  }

  apply (line: string): string {
    return this.#known.reduce((text, form) => text.includes(form) ? text.replaceAll(form, '[secret]') : text, line)
  }
}

/** Where lines go: a reader of pretty lines for a person at a terminal, JSON lines for everything else. */
async function prettyStream (): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true })
}

/** How long a line may wait for others to be written with it, and how many characters are enough to go at once. */
const LINGER_MS = 50
const ENOUGH_CHARACTERS = 64 * 1024

/**
 * Writes lines together, passed through `edit`: a system call, and the thread that makes it, cost many times what a line
 * costs. What is left when the process ends goes out by `flushSync`, which pino calls then.
 */
export function inPieces (fd: number, edit: (lines: string) => string): ReturnType<typeof pino.destination> {
  const stream = pino.destination(fd)
  const { write, flushSync } = stream
  let lines = ''
  let timer: NodeJS.Timeout | undefined
  const pass = (to: (text: string) => void): void => {
    const text = edit(lines)
    lines = ''
    clearTimeout(timer)
    timer = undefined
    if (text !== '') to(text)
  }
  const later = (): void => pass((text) => write.call(stream, text))
  stream.write = (line) => {
    lines += line
    if (lines.length >= ENOUGH_CHARACTERS) later()
    else timer ??= setTimeout(later, LINGER_MS)
    return true
  }
  stream.flushSync = () => {
    flushSync.call(stream)
    // Nothing waits for the stream's own writes any more.
    pass((text) => pino.destination({ dest: fd, sync: true }).write(text))
  }
  return stream
}

/** Where libraries put the headers of a request at their most talkative (the multipart parser does): keys and cookies of callers. */
const HEADERS = ['headers', 'req.headers', 'busboyOptions.headers']

/** The one log of the process, on standard output. */
export async function createLogger (config: Config, mask: SecretMask, interactive: boolean, destination?: DestinationStream): Promise<Logger> {
  const edit = (lines: string): string => mask.apply(lines)
  const options: LoggerOptions = { level: config.logLevel, serializers: { err: loggedError }, redact: { paths: HEADERS, censor: '[secret]' } }
  const lineByLine = destination ?? (interactive && !config.production ? await prettyStream() : undefined)
  return lineByLine ? pino({ ...options, hooks: { streamWrite: edit } }, lineByLine) : pino(options, inPieces(1, edit))
}
