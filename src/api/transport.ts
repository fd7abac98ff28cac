import createClient, { type Client } from 'openapi-fetch'
import { withRetries } from './attempts.ts'
import type { paths } from './openapi.ts'
import { GatewayProblem, GatewayUnreachable } from './problem.ts'
import type { CallOptions } from './types.ts'
import { textFields, type FormBody, type SentFields } from './upload-form.ts'

export interface GatewayClientOptions {
  /** Where the gateway answers, with its route prefix if it has one: `http://127.0.0.1:8080`. */
  readonly url: string
  /** Key of the caller. Keep it on a server: whoever has it may do what it allows. */
  readonly key?: string | undefined
  /** Environment that answers when a call names none; by default the gateway decides. */
  readonly environment?: string | undefined
  /** Times that a call which is safe to repeat is sent again after a failure (2). */
  readonly retries?: number | undefined
  /** Longest wait for an answer (60 seconds). An upload takes as long as it takes, unless it is given one. */
  readonly timeoutMs?: number | undefined
  /** Takes the place of the global `fetch`. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined
}

/** One of the requests that the document describes. */
export interface Outgoing {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  readonly path: keyof paths
  readonly pathNames?: Readonly<Record<string, string>>
  readonly query?: SentFields
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Builds the body of each attempt, and its headers, in place of `body`. */
  readonly form?: () => Omit<FormBody, 'body'> & { readonly body: unknown }
  /** Members of which every answer of the gateway has one. */
  readonly answers?: readonly string[]
}

const isAnswer = (data: unknown, { answers }: Outgoing): boolean =>
  typeof data === 'object' && data !== null && answers?.some((name) => name in data) !== false

const TIMEOUT_MS = 60_000

/** @throws {TypeError} that repeats neither the URL nor the key: both can hold secrets. */
function checkOptions ({ url, key = '-' }: GatewayClientOptions): void {
  if (!URL.canParse(url) || !/^https?:\/\/[^?#@]+$/i.test(url)) {
    throw new TypeError('The URL of the gateway must be like http://127.0.0.1:8080, without credentials.')
  }
  if (!/^[!-~]+$/.test(key)) throw new TypeError('The key must be visible ASCII characters.')
}

/** Sends requests to one gateway, again where that is safe, and makes errors of what is no success. */
export class GatewayTransport {
  readonly http: Client<paths, 'application/json'>
  readonly #options: GatewayClientOptions

  constructor (options: GatewayClientOptions) {
    checkOptions(options)
    const { url, key, fetch } = options
    this.#options = options
    this.http = createClient<paths, 'application/json'>({
      baseUrl: url.replace(/\/+$/, ''),
      // Lists and objects travel as JSON, which the gateway reads in every query.
      querySerializer: (query) => String(new URLSearchParams(textFields(query))),
      ...key && { headers: { authorization: `Bearer ${key}` } },
      ...fetch && { fetch }
    })
  }

  /** Returns the answer to a question that may be asked again. */
  ask<Answer> (request: Outgoing, options: CallOptions): Promise<Answer> {
    const { retries = 2 } = this.#options
    return withRetries(() => this.tell<Answer>(request, options), { retries, signal: options.signal })
  }

  /** Returns the answer to a request that is sent once. */
  async tell<Answer> (request: Outgoing, options: CallOptions): Promise<Answer> {
    const {
      environment = this.#options.environment, timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS
    } = options
    const timeout = timeoutMs === Infinity ? [] : [AbortSignal.timeout(timeoutMs)]
    const signal = AbortSignal.any([...options.signal ? [options.signal] : [], ...timeout])
    const { method, path, pathNames, query, body, headers, form } = request
    const built = form?.()
    let isSent = false
    const send = (ready: Request): Promise<Response> => {
      isSent = true
      return (this.#options.fetch ?? fetch)(ready)
    }
    try {
      const { response, data, error } = await this.http.request(method, path as never, {
        params: { path: pathNames, query },
        body: built?.body ?? body,
        fetch: send,
        ...form && { bodySerializer: (ready: unknown) => ready, duplex: 'half' },
        // openapi-fetch leaves out headers that are undefined.
        headers: { 'x-environment': environment, ...headers, ...built?.headers },
        signal,
        redirect: 'error' // it would turn a POST into a GET, or take the key elsewhere
      } as never) // the document types what the methods of the client take and return
      if (!response.ok || !isAnswer(data, request)) throw new GatewayProblem(response, error)
      return data as Answer
    } catch (cause) {
      signal.throwIfAborted() // with the reason that was given
      const failure = built?.failure?.()
      if (failure !== undefined) throw failure.error
      // Before it was sent, nothing but a header or an ID that cannot be sent was wrong.
      if (!isSent || !(cause instanceof TypeError || cause instanceof SyntaxError)) throw cause
      const how = cause instanceof TypeError ? '' : ' with JSON'
      throw new GatewayUnreachable(`${new URL(this.#options.url).origin} did not answer${how}.`, { cause })
    }
  }
}
