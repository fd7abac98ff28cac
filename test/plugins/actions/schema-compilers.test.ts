import t from 'tap'
import { schemaCompilers } from '../../../src/plugins/actions/schema-compilers.ts'

const OPTIONS = { customOptions: {} } as const
const route = (schema: object) => ({ schema, method: 'GET', url: '/', httpStatus: '200' })
const named = (type: string): object => ({ type: 'object', properties: { name: { type } } })

t.test('a serializer is built once for all routes and apps, and for each schema its own', async (t) => {
  const compile = schemaCompilers.buildSerializer({}, undefined)
  const serialize = compile(route(named('string')))
  t.equal(serialize({ name: 7, more: true }), '{"name":"7"}')
  t.equal(compile(route(named('string'))), serialize, 'of an equal schema')
  t.equal(schemaCompilers.buildSerializer({}, undefined)(route(named('string'))), serialize, 'in another app')
  t.equal(compile(route(named('integer')))({ name: 7 }), '{"name":7}')
})

t.test('schemas that an app has added of its own are told apart', async (t) => {
  const shared = (type: string) => ({ shared: { $id: 'shared', ...named(type) } })
  const reference = route({ $ref: 'shared#' })
  const texts = schemaCompilers.buildSerializer(shared('string'), undefined)(reference)
  const numbers = schemaCompilers.buildSerializer(shared('integer'), undefined)(reference)
  t.same([texts({ name: 7 }), numbers({ name: 7 })], ['{"name":"7"}', '{"name":7}'])
})

t.test('the compiler of validators is one for all apps with the same options', async (t) => {
  const compile = schemaCompilers.buildValidator({}, OPTIONS)
  t.equal(schemaCompilers.buildValidator({}, OPTIONS), compile)
  const validate = compile({ ...route(named('string')), httpPart: 'body' })
  t.same([validate({ name: 'a' }), validate({ name: {} })], [true, false])
})
