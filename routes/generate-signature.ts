import { Type, type Static } from '@sinclair/typebox'
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { wallClock } from '../src/clock.ts'
import { below, GatewayError, invalidRequest, movedBelow, pointerTo, type Fault } from '../src/errors.ts'
import { announcesBody, foreignCharset, mayBeJson } from '../src/input/body-type.ts'
import { didYouMean } from '../src/input/nearest-name.ts'
import { requireTimestamp } from '../src/input/signature-time.ts'
import { readTextFields } from '../src/input/text-fields.ts'
import { validated } from '../src/input/validated.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'
import { SignedForm, signatureSettings } from '../src/schemas/signed-form.ts'
import {
  Signable, SIGNABLE_PARAMETER_NAMES, signableParameters, UPLOAD_PARTS
} from '../src/schemas/upload-parameters.ts'

type WidgetValue = string | number | boolean | null | Array<string | number>
const WidgetParameters = Type.Unsafe<Record<string, WidgetValue>>({
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null', 'array'], items: { type: ['string', 'number'] }, maxItems: 1000 },
  maxProperties: 100,
  description: 'The form of the Upload Widget and next-cloudinary: values are signed exactly as given.',
  examples: [{ timestamp: 1_700_000_000, source: 'uw', upload_preset: 'web' }]
})

const Body = Type.Object({
  ...signatureSettings,
  paramsToSign: Type.Optional(WidgetParameters)
}, {
  ...UPLOAD_PARTS,
  additionalProperties: false,
  default: {}, // everything has a default, so a call without a body is fine
  examples: [{ folder: 'uploads', tags: ['avatar'], eager: [{ width: 200, height: 200, crop: 'thumb' }] }]
})

/** Only what an upload knows may be signed: Cloudinary would refuse anything else, and another call might take it. */
function refuseUnsignable (parameters: object): void {
  const errors: Fault[] = Object.keys(parameters).filter((name) => !SIGNABLE_PARAMETER_NAMES.includes(name)).map((name) => {
    return { pointer: `/paramsToSign${pointerTo(name)}`, message: `is not a parameter that is signed${didYouMean(name, SIGNABLE_PARAMETER_NAMES)}` }
  })
  if (errors.length > 0) throw new GatewayError('param_not_allowed', `${errors.length === 1 ? 'One parameter' : `${errors.length} parameters`} cannot be signed.`, { errors })
}

/** The set must be signed as it is, and faults stand below its name. */
const WIDGET = { exact: true, within: '/paramsToSign' } as const

/** Lists in which Cloudinary overlooks blanks and empty parts, so a page may send them without knowing. */
const LENIENT_LISTS = ['tags', 'allowed_formats'] as const

/** The fields as they are judged. Formats are so judged in lower case too, which is what Cloudinary compares. */
function judgedFields (fields: Readonly<Record<string, string>>): Record<string, string> {
  const judged = { ...fields }
  for (const name of LENIENT_LISTS) {
    const parts = judged[name]?.split(',').map((part) => part.trim()).filter((part) => part !== '') ?? []
    if (parts.length > 0) judged[name] = name === 'tags' ? parts.join(',') : parts.join(',').toLowerCase()
  }
  return judged
}

/**
 * Refuses flags in upper case. They are signed as they are, and only Cloudinary knows whether it reads them as
 * on, as off or not at all.
 */
function refuseUpperCaseFlags (meant: object, fields: Readonly<Record<string, string>>): void {
  const faults = Object.entries(meant)
    .filter(([name, value]) => typeof value === 'boolean' && fields[name] !== fields[name]?.toLowerCase())
    .map(([name]) => {
      return { pointer: `/${name}`, message: 'must be in lower case, as it is signed: true or false' }
    })
  if (faults.length > 0) throw movedBelow(WIDGET.within, invalidRequest(faults))
}

/** Judges a copy, as the ordinary form is judged: what is signed stays the text that was given. */
function checkValues (request: FastifyRequest, fields: Readonly<Record<string, string>>): void {
  const meant = below(WIDGET.within, () =>
    readTextFields(signableParameters, judgedFields(fields), { exact: true }))
  refuseUpperCaseFlags(meant, fields)
  validated(request, Signable, meant, WIDGET.within)
}

/** The widget sends its own form, so nothing can be added to it: what is unsafe is refused. */
function widgetFields (
  request: FastifyRequest, parameters: Record<string, WidgetValue>
): Record<string, string> {
  refuseUnsignable(parameters)
  const entries = Object.entries(parameters).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value ?? '')] as const)
  const fields = Object.fromEntries(entries.filter(([, value]) => value !== ''))
  requireTimestamp(fields.timestamp, Math.floor(wallClock() / 1000), WIDGET.within)
  checkValues(request, fields)
  return fields
}

/** The widget's parameters, if nothing that would be signed stands beside them. */
function only (parameters: Record<string, WidgetValue>, others: object): Record<string, WidgetValue> {
  const errors = Object.keys(others).map((name) => ({ pointer: pointerTo(name), message: 'must stand inside paramsToSign when that is given' }))
  if (errors.length > 0) throw invalidRequest(errors)
  return parameters
}

/** The refusal of any media type that the route does not take. */
const wrongType = (): Error => new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()

/**
 * Reads the widget's form as JSON under a media type that clients send by default: Cloudinary's own sample
 * sends `text/plain`. A foreign page can send that without a preflight; keys, or the guard of a gateway
 * without keys, reject it before the body is read. No other body is read in this way.
 */
function takeUntypedWidgetForms (app: FastifyInstance): void {
  app.addHook('preParsing', ({ raw: { headers } }, _reply, _payload, done) => {
    const isTaken = mayBeJson(headers) && foreignCharset(headers['content-type']) === undefined
    done(isTaken || !announcesBody(headers) ? null : wrongType())
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (!/^\s*\{[^]*"paramsToSign"/.test(body.toString())) throw wrongType()
    const value = await request.parseJson(body)
    // The text begins as an object does.
    if (!Object.hasOwn(value as object, 'paramsToSign')) throw wrongType()
    return value
  })
}

/** Signs the fields of one upload, which the caller, or its browser, then sends straight to Cloudinary. */
export const generateSignature: Route = async (app) => {
  takeUntypedWidgetForms(app)
  app.route({
    method: 'POST',
    url: '/signature',
    config: { action: 'generateSignature' },
    schema: {
      operationId: 'generateSignature',
      tags: ['actions'],
      summary: 'Generate signature for upload',
      description: 'Signs the fields of one upload, which the caller then sends straight to Cloudinary, or to `POST /direct-upload`. ' +
        '`fields` of the answer holds every field of that form.',
      body: Body,
      response: {
        200: SignedForm,
        ...problems('invalid_request', 'unauthorized', 'forbidden', 'request_timeout', 'payload_too_large', 'unsupported_media_type', 'param_not_allowed', 'url_not_allowed', 'rate_limited')
      }
    },
    handler: (request, reply): Static<typeof SignedForm> => {
      const { paramsToSign, resource_type: resourceType, ...settings } = request.body
      reply.header('cache-control', 'no-store')
      if (paramsToSign === undefined) {
        return request.formMaker({ parameters: request.settingsText(settings), resourceType }).first
      }
      const parameters = widgetFields(request, only(paramsToSign, settings))
      return request.formMaker({ parameters, resourceType, ...WIDGET }).first
    }
  })
}
