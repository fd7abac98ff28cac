import t from 'tap'
import { Type } from '@sinclair/typebox'
import fastify from 'fastify'
import { signableParameters, SIGNABLE_PARAMETER_NAMES, UPLOAD_PARAMETER_NAMES, uploadParameters } from '../../src/schemas/upload-parameters.ts'

/** Judges upload parameters as the gateway does. Gives `pointer message` of each fault. */
async function judge () {
  const app = fastify({
    ajv: {
      customOptions: {
        removeAdditional: false,
        allErrors: true,
        verbose: true,
        strictTypes: false,
        keywords: ['x-fault', 'x-component', 'x-object', 'x-parts']
      }
    },
    schemaErrorFormatter: (errors) => Object.assign(new Error('faults'), {
      faults: errors.map((error) => `${error.instancePath} ${(error as { parentSchema?: Record<string, string> }).parentSchema?.['x-fault'] ?? error.message}`) // ajv's verbose form
    })
  })
  app.setErrorHandler((error: { faults: string[] }, _request, reply) => reply.send(error.faults))
  app.post('/', { schema: { body: Type.Object(uploadParameters, { additionalProperties: false }) }, handler: async () => [] })
  await app.ready()
  return async (payload: object): Promise<string[]> => (await app.inject({ method: 'POST', url: '/', payload })).json()
}

t.test('parameters of every kind pass', async (t) => {
  const faults = await judge()
  for (const payload of [
    { public_id: 'cats/tom', folder: 'a/b', tags: ['a', 'b c'], context: { alt: 'x|y=z & "q"\nnext' }, metadata: { colour: ['red'], stock: 5, sold: false } },
    { eager: [{ width: 10, format: 'png' }, 'w_5/jpg'], transformation: 'w_1', responsive_breakpoints: [{ create_derived: true, max_images: 3 }] },
    { access_control: [{ access_type: 'anonymous', start: '2025-01-01T00:00Z' }], regions: { a: [[1, 2], [3, 4]] }, face_coordinates: [[1, 2, 3, 4]] },
    { overwrite: false, moderation: 'manual', notification_url: 'https://example.com/a?b=c', type: 'private', auto_tagging: 0.6 }, {},
    { eager: { width: 10, format: 'png' }, access_control: { access_type: 'token' }, responsive_breakpoints: { create_derived: true } },
    { face_coordinates: [1, 2, 3, 4], custom_coordinates: [[1.5, 2, 3, 4]], auto_transcription: { translate: ['fr'] }, batch_id: 'b', notification_url: 'poll://channel' },
    { auto_transcription: false, notification_url: 'poll://*' }
  ]) t.strictSame(await faults(payload), [], JSON.stringify(payload))
})

t.test('400: each fault in words of our own', async (t) => {
  const faults = await judge()
  const refused: ReadonlyArray<readonly [object, string]> = [
    [{ tags: ['a,b'] }, '/tags/0 must not be empty or contain a comma'], [{ tags: [''] }, '/tags/0 must not be empty'], [{ tags: [null] }, '/tags/0 must not be empty'],
    [{ tags: [' '] }, '/tags/0 must not be empty'], [{ context: { a: 'b\\' } }, '/context/a must not end with a backslash'],
    [{ context: { 'a=b': 'c' } }, '/context a name must not'], [{ metadata: { 'a|b': 'c' } }, '/metadata a name must not'], [{ metadata: { a: 'b\\' } }, '/metadata/a must not'],
    [{ notification_url: 'ftp://x' }, '/notification_url must be an http or https URL'], [{ display_name: 'a/b' }, '/display_name must not contain a slash'],
    [{ allowed_formats: ['.jpg'] }, '/allowed_formats/0 must be a file extension'], [{ folder: '/a' }, '/folder must not begin'], [{ public_id: 'a/../b' }, '/public_id must not'],
    [{ eager: { width: -1 } }, '/eager/width must'], [{ eager: { wide: 1 } }, '/eager must NOT have additional properties'], [{ access_control: { access_type: 'none' } }, '/access_control/access_type'],
    [{ access_control: {} }, '/access_control must have required property'], [{ responsive_breakpoints: { max_images: 1 } }, '/responsive_breakpoints'],
    [{ custom_coordinates: [[1, 2, 3, '4x']] }, '/custom_coordinates/0/3'], [{ auto_transcription: { translate: 'fr,de', x: {} } }, '/auto_transcription/x'], [{ auto_transcription: 'maybe' }, '/auto_transcription'],
    [{ format: 'j/p' }, '/format must be a file extension'], [{ face_coordinates: [[1, 2]] }, '/face_coordinates/0'], [{ tag: 'a' }, ' must NOT have additional properties']
  ]
  for (const [payload, fault] of refused) t.match((await faults(payload))[0], fault, JSON.stringify(payload))
})

t.test('what is signed is everything but the kind of asset, and the timestamp', async (t) => {
  t.strictSame([...SIGNABLE_PARAMETER_NAMES].filter((name) => name !== 'timestamp'), UPLOAD_PARAMETER_NAMES.filter((name) => name !== 'resource_type'))
  t.ok('timestamp' in signableParameters)
  t.notOk(['file', 'api_key', 'signature', 'cloud_name'].some((name) => name in uploadParameters))
})

t.test('every list and map says how much it holds at most', async (t) => {
  const open: string[] = []
  const walk = (schema: Record<string, unknown>, path: string): void => {
    const types = [schema['type']].flat()
    if (types.includes('array') && schema['maxItems'] === undefined) open.push(path)
    if (typeof schema['additionalProperties'] === 'object' && schema['maxProperties'] === undefined) open.push(path)
    for (const [name, inner] of Object.entries({ '[]': schema['items'], '*': schema['additionalProperties'], ...schema['properties'] as object | undefined })) {
      if (typeof inner === 'object') walk(inner as Record<string, unknown>, `${path}/${name}`) // a schema stands there
    }
  }
  for (const [name, schema] of Object.entries(signableParameters)) walk(schema, name)
  t.same(open, [])
})
