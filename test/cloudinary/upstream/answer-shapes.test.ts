import t from 'tap'
import { anyObject, oneAsset, pageOfAssets } from '../../../src/cloudinary/upstream/answer-shapes.ts'

t.test('an asset has a public ID', async (t) => {
  t.equal(oneAsset({ public_id: 'a' }), undefined)
  for (const id of [undefined, null, 5, '', ['a'], {}]) {
    t.equal(oneAsset({ public_id: id }), 'not the description of an asset')
  }
  t.equal(anyObject({}), undefined)
})

t.test('a page has a list of assets, and a cursor that is text or none', async (t) => {
  for (const page of [
    { resources: [] },
    { resources: [{ public_id: 'a' }], next_cursor: 'x' },
    { resources: [], next_cursor: null }
  ]) {
    t.equal(pageOfAssets(page), undefined)
  }
  for (const resources of [
    undefined, null, {}, 'x', [null], [[]], ['a'], [{}], [{ public_id: null }],
    [{ public_id: 'a' }, { public_id: 7 }]
  ]) {
    t.equal(pageOfAssets({ resources }), 'not a list of assets', JSON.stringify(resources))
  }
  for (const cursor of [5, true, [], {}]) {
    t.equal(pageOfAssets({ resources: [], next_cursor: cursor }), 'a list whose cursor is not text')
  }
})
