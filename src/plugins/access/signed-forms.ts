import { isDeepStrictEqual } from 'node:util'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { markedForms } from '../../auth/uploads/replay-guard.ts'
import type { FormFields } from '../../cloudinary/client.ts'
import { GatewayError } from '../../errors.ts'
import { withFormLineEnds, withoutFormLineEnds } from '../../input/forms/line-ends.ts'
import { readTextFields } from '../../input/text-fields.ts'
import { validated } from '../../input/validated.ts'
import { Signable, signableParameters, type SignableParameters } from '../../schemas/upload-parameters.ts'

/** Fields of a form by name, as they came; a list may have been sent as repeated fields. */
export type GivenFields = Readonly<Record<string, string | readonly string[]>>

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Returns the forms that a signature of these fields may cover, the likeliest first: the fields as they
     * were sent, then as `POST /signature` writes them, each with the markers that it may have added. Fields
     * that are not signed are left out.
     */
    signedForms (given: GivenFields): Iterable<FormFields>
  }
}

/** Forms of each reading to try before the less likely ones: without markers, and with today's. */
const LIKELY = 2

function asSent (given: GivenFields): FormFields {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? value : value.join(',')]))
}

/** Writes one setting as `POST /signature` does. One that it would refuse stays as it was sent. */
function asWritten (request: FastifyRequest, setting: GivenFields): FormFields {
  try {
    const values = readTextFields(signableParameters, setting)
    return request.cloudinary.encode(validated<SignableParameters>(request, Signable, values))
  } catch (error) {
    if (error instanceof GatewayError || Object.hasOwn(error as Error, 'validation')) return asSent(setting)
    throw error
  }
}

/**
 * Some of the fields may be JSON and some the text that is signed, which may begin like JSON: each is read by itself,
 * as a copy, because validation changes lists in place.
 */
function allAsWritten (request: FastifyRequest, given: GivenFields): FormFields {
  return Object.assign({}, ...Object.entries(given).map(([name, value]) =>
    asWritten(request, { [name]: typeof value === 'string' ? value : [...value] }))) as FormFields
}

function mapped (given: GivenFields, change: (text: string) => string): GivenFields {
  return Object.fromEntries(Object.entries(given).map(([name, value]) =>
    [name, typeof value === 'string' ? change(value) : value.map(change)]))
}

const withoutBlanks = (text: unknown): string => String(text).replace(/\s+/g, '')

/** Restores the text as it was sent where reading only took blanks away: those inside a JSON list are signed. */
function keepingBlanks (written: FormFields, sent: FormFields): FormFields {
  const kept = Object.entries(sent)
    .filter(([name, text]) => withoutBlanks(text) === withoutBlanks(written[name]))
  return { ...written, ...Object.fromEntries(kept) }
}

/** A form may have changed the line ends of settings, and `POST /signature` signs those of forms. */
const LINE_ENDS = [(text: string) => text, withFormLineEnds, withoutFormLineEnds]

/** Every reading, some of them alike. Nearly every signature fits the first. */
function * allReadings (request: FastifyRequest, given: GivenFields): Generator<FormFields, void> {
  for (const change of LINE_ENDS) {
    const settings = mapped(given, change)
    const sent = asSent(settings)
    yield sent
    const written = mapped(allAsWritten(request, settings), change) as FormFields // texts alone
    yield written
    yield keepingBlanks(written, sent)
  }
}

function * readingsOf (request: FastifyRequest, given: GivenFields): Generator<FormFields, void> {
  const seen: FormFields[] = []
  for (const reading of allReadings(request, given)) {
    if (seen.some((other) => isDeepStrictEqual(other, reading))) continue
    seen.push(reading)
    yield reading
  }
}

function * formsOf (request: FastifyRequest, given: GivenFields): Generator<FormFields, void> {
  const rest: Array<Generator<FormFields, void>> = []
  for (const reading of readingsOf(request, given)) {
    const forms = markedForms(reading)
    for (let count = 0; count < LIKELY; count++) {
      const { value } = forms.next()
      if (value) yield value
    }
    rest.push(forms)
  }
  for (const forms of rest) yield * forms
}

/** Supports the literal two-step flow: a page signs settings, then sends them again with the signature. */
export default fp(async (scope) => {
  scope.decorateRequest('signedForms', function (given) {
    const entries = Object.entries(given).filter(([name]) => Object.hasOwn(signableParameters, name))
    const signable = Object.fromEntries(entries)
    return { [Symbol.iterator]: () => formsOf(this, signable) }
  })
}, { name: 'signed-forms', dependencies: ['environment-choice'] })
