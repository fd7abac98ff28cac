import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { FastifyInstance } from 'fastify'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required?: boolean
  readonly style?: string
  readonly example?: unknown
  readonly schema: Shape
}

/** A schema of the document, or a reference to one. */
export interface Shape {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly [keyword: string]: unknown
}

interface Media { readonly schema?: Shape, readonly example?: unknown }
interface Answer { readonly $ref?: string, readonly content?: Readonly<Record<string, Media>> }

export interface DocumentedOperation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly description?: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean, readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Answer>>
}

/** What a caller sends: the document's own names, before they are written as a URL and a body. */
export interface Asked {
  readonly values: Readonly<Record<string, unknown>>
  readonly mediaType?: string | undefined
  readonly body?: unknown
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
const text = (value: unknown): string => typeof value === 'string' ? value : JSON.stringify(value)

/** The document as a program reads it: operations without references, requests by it, and a judge of answers. */
export class OpenApi {
  readonly document: { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false })

  constructor (app: FastifyInstance) {
    this.document = JSON.parse(JSON.stringify(app.swagger())) as OpenApi['document'] // as it is written
    this.#ajv.addSchema(this.document, 'document')
  }

  resolved<T> (value: T): T {
    const { $ref: reference } = value as { $ref?: string }
    if (reference === undefined) return value
    return reference.slice(2).split('/').reduce<unknown>(
      (node, name) => (node as Record<string, unknown>)[name], this.document
    ) as T // our own
  }

  get operations (): DocumentedOperation[] {
    return Object.entries(
      this.document.paths
    ).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => {
      const { parameters = [], ...rest } = operation as DocumentedOperation // as OpenAPI says
      return {
        ...rest, method: method.toUpperCase(), path, parameters: parameters.map((each) => this.resolved(each))
      }
    }))
  }

  /** Writes a request as the document says that it is written. */
  request (
    { method, path, parameters }: DocumentedOperation, { values, mediaType, body }: Asked, base: string
  ): Request {
    const query = new URLSearchParams()
    const headers = new Headers()
    let url = path
    for (const { name, in: place, style } of parameters) {
      const value = values[name]
      if (value === undefined) continue
      if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(text(value)))
      else if (place === 'header') headers.set(name, text(value))
      else if (style === 'deepObject' && typeof value === 'object' && value !== null) {
        for (const [member, each] of Object.entries(value)) query.append(`${name}[${member}]`, text(each))
      } else for (const each of [value].flat()) query.append(name, text(each))
    }
    const sent = bodyOf(mediaType, body)
    if (sent !== undefined && !(sent instanceof FormData)) headers.set('content-type', String(mediaType))
    const search = query.size > 0 ? `?${query.toString()}` : ''
    return new Request(`${base}${url}${search}`, {
      method, headers, redirect: 'manual', ...(sent !== undefined && { body: sent })
    })
  }

  /** Says why an answer is not as documented; empty when it is. */
  async judge (operation: DocumentedOperation, answer: Response): Promise<string[]> {
    const status = String(answer.status)
    const body = await answer.text()
    const key = status in operation.responses ? status : 'default'
    const documented = operation.responses[key]
    if (!documented || (key === 'default' && answer.status < 400)) {
      return [
      `the status ${status} is not documented`
      ]
    }
    const type = answer.headers.get('content-type')?.replace(/;.*/, '') ?? ''
    const { content } = this.resolved(documented)
    if (content === undefined) return body === '' ? [] : [`${status} has a body`]
    const pointer = documented.$ref ?? `#/paths/${escaped(operation.path)}/${operation.method.toLowerCase()}/responses/${key}`
    const validate = this.#ajv.getSchema(`document${pointer}/content/${escaped(type)}/schema`)
    if (!validate) return [`${status} as ${type} is not documented`]
    if (validate(type.endsWith('json') ? JSON.parse(body) : body) === true) return []
    return (validate.errors as ErrorObject[]).map(
      ({ instancePath, message }) => `${status}: ${instancePath} ${message}`
    ) // there are some
  }
}

function bodyOf (mediaType: string | undefined, body: unknown): FormData | Uint8Array | string | undefined {
  if (mediaType === undefined || body === undefined) return undefined
  if (mediaType === 'multipart/form-data') {
    const form = new FormData()
    for (const [name, value] of Object.entries(body as object)) {
      for (const each of [value as unknown].flat()) {
        if (each instanceof Blob) form.append(name, each, 'picture.jpg')
        else form.append(name, text(each))
      }
    }
    return form
  }
  return body instanceof Uint8Array ? body : JSON.stringify(body)
}
