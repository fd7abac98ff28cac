import t from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import { findElsewhere, missing, type Place } from '../../../src/cloudinary/upstream/place.ts'

const HERE: Place = { resource_type: 'image', type: 'upload' }

function holding (...held: string[]): { asked: string[], exists: (place: Place) => Promise<boolean> } {
  const asked: string[] = []
  return {
    asked,
    exists: async ({ resource_type: kind, type }) => {
      asked.push(`${kind}/${type}`)
      return Promise.resolve(held.includes(`${kind}/${type}`))
    }
  }
}

t.test('other kinds of the same type are asked first, and are enough', async (t) => {
  const { asked, exists } = holding('video/upload', 'image/private')
  t.same(await findElsewhere([HERE], exists), [{ resource_type: 'video', type: 'upload' }])
  t.same(asked.sort(), ['raw/upload', 'video/upload'])
})

t.test('other types are asked when that finds nothing, and no place twice', async (t) => {
  const { asked, exists } = holding('image/private', 'raw/authenticated')
  t.same(await findElsewhere([HERE], exists), [
    { resource_type: 'image', type: 'private' }, { resource_type: 'raw', type: 'authenticated' }
  ])
  t.equal(new Set(asked).size, asked.length)
  t.notOk(asked.includes('image/upload'))
})

t.test('an asset that is nowhere leaves nothing to name', async (t) => {
  t.same(await findElsewhere([HERE], holding().exists), [])
})

t.test('the 404 names where it was looked for, and where the asset is', async (t) => {
  const nowhere = missing('a', [HERE], [], undefined)
  t.equal(nowhere.message, 'There is no asset "a" under image/upload.')
  t.equal(nowhere.members?.['found_under'], undefined)
  const upstream = { status: 404 }
  const found: Place[] = [{ resource_type: 'raw', type: 'private' }]
  const elsewhere = missing('a', [HERE], found, new GatewayError('not_found', 'not found', { upstream }))
  t.equal(elsewhere.message, 'There is no asset "a" under image/upload. It exists under raw/private.')
  t.same(elsewhere.members?.['found_under'], found)
  t.same(elsewhere.upstream, upstream)
})
