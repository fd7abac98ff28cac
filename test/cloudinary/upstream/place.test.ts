import t from 'tap'
import { GatewayError } from '../../../src/errors.ts'
import { groupsElsewhere, missing, type Place } from '../../../src/cloudinary/upstream/place.ts'

const HERE: Place = { resource_type: 'image', type: 'upload' }

const named = (groups: Place[][]): string[][] =>
  groups.map((group) => group.map(({ resource_type: kind, type }) => `${kind}/${type}`))

t.test('near are the other kinds of the same type', async (t) => {
  t.same(named(groupsElsewhere([HERE], 'near')), [['video/upload', 'raw/upload']])
  const all = (['image', 'video', 'raw'] as const).map((kind) => ({ resource_type: kind, type: 'upload' }))
  t.same(groupsElsewhere(all, 'near'), [], 'none is left when all were asked for')
  t.same(named(groupsElsewhere(all, 'far')).map(({ length }) => length), [6])
})

t.test('far are the other types, of the same kind first, and no place twice', async (t) => {
  const far = named(groupsElsewhere([HERE], 'far'))
  t.same(far, [
    ['image/private', 'image/authenticated'],
    ['video/private', 'video/authenticated', 'raw/private', 'raw/authenticated']
  ])
  t.equal(named(groupsElsewhere([{ resource_type: 'raw', type: 'fetch' }], 'far')).flat().length, 9, 'types that are no places of ours')
})

t.test('the 404 names where it was looked for', async (t) => {
  t.equal(missing('a', [HERE], undefined).message, 'There is no asset "a" under image/upload.')
  const upstream = { status: 404 }
  const told = missing('a', [HERE], new GatewayError('not_found', 'not found', { upstream }))
  t.same(told.upstream, upstream)
})
