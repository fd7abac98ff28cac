import t from 'tap'
import { withSharedParts } from '../../../src/plugins/docs/openapi-shared.ts'

const problem = (description: string) => ({
  description, content: { 'application/problem+json': { schema: {} } }
})
const asset = {
  description: 'ok', content: { 'application/json': { schema: { $ref: '#/components/schemas/Asset' } } }
}
const none = { description: 'gone' }

t.test('parameters and responses that operations have in common, and every problem, stand once', async (t) => {
  const header = () => ({ in: 'header', name: 'X-Environment' })
  const type = (text: string) => ({ in: 'query', name: 'type', description: text })
  const document = {
    components: { schemas: {} },
    paths: {
      '/a': {
        get: {
          operationId: 'getA',
          parameters: [header(), type('a'), { in: 'query', name: 'alone' }],
          responses: { 200: asset, 302: none, 400: problem('bad'), default: problem('any') }
        },
        post: {
          operationId: 'postA',
          parameters: [header(), type('a')],
          responses: { 200: asset, 302: none, 400: problem('bad') }
        }
      },
      '/b': {
        get: {
          operationId: 'getB',
          parameters: [type('b')],
          responses: { 204: { description: 'alone' }, 400: problem('worse') }
        },
        put: { parameters: [type('b'), type('a')] },
        head: {}
      }
    }
  }
  const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` })
  const response = (name: string) => ({ $ref: `#/components/responses/${name}` })
  t.same(withSharedParts(document), {
    components: {
      schemas: {},
      parameters: { Type: type('a'), TypeOfGetB: type('b'), XEnvironment: header() },
      responses: {
        Answer: none,
        AssetAnswer: asset,
        BadRequest: problem('bad'),
        BadRequestOfGetB: problem('worse'),
        OtherProblem: problem('any')
      }
    },
    paths: {
      '/a': {
        get: {
          operationId: 'getA',
          parameters: [parameter('XEnvironment'), parameter('Type'), { in: 'query', name: 'alone' }],
          responses: {
            200: response('AssetAnswer'),
            302: response('Answer'),
            400: response('BadRequest'),
            default: response('OtherProblem')
          }
        },
        post: {
          operationId: 'postA',
          parameters: [parameter('XEnvironment'), parameter('Type')],
          responses: { 200: response('AssetAnswer'), 302: response('Answer'), 400: response('BadRequest') }
        }
      },
      '/b': {
        get: {
          operationId: 'getB',
          parameters: [parameter('TypeOfGetB')],
          responses: { 204: { description: 'alone' }, 400: response('BadRequestOfGetB') }
        },
        put: { parameters: [parameter('TypeOfGetB'), parameter('Type')] },
        head: {}
      }
    }
  })
  t.same(withSharedParts({}), { components: { parameters: {}, responses: {} } })
})
