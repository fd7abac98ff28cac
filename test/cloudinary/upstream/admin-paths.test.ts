import t from 'tap'
import { apiRoot, encodeQuery, listPath, pathSegment } from '../../../src/cloudinary/upstream/admin-paths.ts'
import { environmentAt } from '../../support/gateway.ts'

t.test('a prefix of the API\'s address is kept', async (t) => {
  t.equal(apiRoot(environmentAt('http://host/base')), '/base/v1_1/demo')
  t.equal(apiRoot(environmentAt('http://host/', { cloudName: 'a b' })), '/v1_1/a%20b')
})

t.test('names are one segment of a path; what would change it is refused', async (t) => {
  t.equal(pathSegment('ordner/ä ?#%&'), 'ordner%2F%C3%A4%20%3F%23%25%26')
  for (const id of ['', '.', '..', '\ud800']) {
    t.throws(() => pathSegment(id), { code: 'invalid_request', errors: [{ pointer: '/public_id', message: 'cannot be a public ID' }] })
    t.throws(() => pathSegment(id, '/tag'), { code: 'invalid_request', errors: [{ pointer: '/tag' }] })
  }
})

t.test('queries: text, lists, nothing', async (t) => {
  t.equal(encodeQuery({}), '')
  t.equal(encodeQuery({ prefix: 'a/b c', public_ids: ['a', 'b&c'] }), '?prefix=a%2Fb+c&public_ids%5B%5D=a&public_ids%5B%5D=b%26c')
})

t.test('each filter has a path of its own', async (t) => {
  t.equal(listPath({}, {}), '/resources/image/upload')
  t.equal(listPath({ resource_type: 'raw', type: 'private' }, { max_results: '5' }), '/resources/raw/private?max_results=5')
  t.equal(listPath({ resource_type: 'video', tag: 'a/b ü' }, { tags: 'true' }), '/resources/video/tags/a%2Fb%20%C3%BC?tags=true')
  t.equal(listPath({ moderation_kind: 'aws_rek', moderation_status: 'rejected' }, {}), '/resources/image/moderations/aws_rek/rejected')
  t.equal(listPath({ asset_folder: 'a/b' }, { fields: 'tags' }), '/resources/by_asset_folder?fields=tags&asset_folder=a%2Fb')
  t.throws(() => listPath({ tag: '..' }, {}), { errors: [{ pointer: '/tag' }] })
  t.throws(() => listPath({ moderation_kind: 'manual' }, {}), { errors: [{ pointer: '/moderation_status' }] })
})
