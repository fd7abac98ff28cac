import t from 'tap'
import { readDeepObjects } from '../../../src/input/fields/deep-objects.ts'
import type { GatewayError } from '../../../src/errors.ts'
import { Context, Metadata, uploadParameters } from '../../../src/schemas/upload-parameters.ts'
import { TransformationInput } from '../../../src/schemas/transformation.ts'

const SHAPES = {
  ...uploadParameters, transformation: TransformationInput, context: Context, metadata: Metadata
}
const read = (
  fields: Record<string, unknown>
): Readonly<Record<string, unknown>> => readDeepObjects(SHAPES, fields)

t.test('members of an object become one field, read as its schema says', async (t) => {
  t.strictSame(read(
    {
      'transformation[width]': '100',
      'transformation[flags]': ['a', 'b'],
      'transformation[crop]': ' ',
      public_id: 'a'
    }
  ), {
    public_id: 'a', transformation: { width: '100', flags: ['a', 'b'] }
  }, 'a blank setting counts as not given')
  t.strictSame(read({ 'transformation[border][width]': '2', 'transformation[border][color]': 'red' }), {
    transformation: { border: { width: 2, color: 'red' } }
  })
  t.strictSame(read({ 'context[alt]': '', 'context[a b]': 'x=y|z', 'metadata[colour]': ['red', 'green'] }), {
    context: { alt: '', 'a b': 'x=y|z' }, metadata: { colour: ['red', 'green'] }
  }, 'what the schema leaves open stays as it came')
  const plain = { 'tags[]': 'a', public_id: 'b' }
  t.strictSame(read(plain), plain)
  t.equal(read({ public_id: 'a' }).constructor, Object)
})

t.test('what is no member of a known object is left for the validator', async (t) => {
  for (
    const name of [
      'other[a]',
      'public_id[a]',
      'tags[0]',
      '[a]',
      'transformation[]',
      'transformation[a',
      'constructor[a]',
      '__proto__[a]'
    ]
  ) {
    t.strictSame(read({ [name]: '1' }), { [name]: '1' }, name)
  }
  t.strictSame(read({ 'transformation[color][a]': '1' }), { transformation: { 'color[a]': '1' } })
})

t.test('400 for an object that is given in two ways, or whose members cannot be read', async (t) => {
  const faults = (fields: Record<string, unknown>): Array<{ pointer: string, message: string }> => {
    try {
      read(fields)
    } catch (error) {
      return [...(error as GatewayError).errors]
    }
    return []
  }
  t.match(faults(
    { transformation: 'w_1', 'transformation[width]': '1', 'context[]': 'a=b', 'context[a]': 'b' }
  ), [
    { pointer: '/transformation', message: 'is given twice, as "transformation" and member by member' },
    { pointer: '/context', message: 'is given twice, as "context[]" and member by member' }
  ])
  const inItems = 'is given item by item: send the list as one field, in JSON'
  t.match(faults({ 'transformation[0][width]': '1', 'eager[0][width]': '1', 'access_control[1]': 'x' }), [
    { pointer: '/transformation', message: inItems },
    { pointer: '/eager', message: inItems },
    { pointer: '/access_control', message: inItems }
  ])
  t.strictSame(faults({ 'context[0]': 'a', 'metadata[1]': 'b' }), [], 'numbers may name members of a map')
  t.match(faults({ 'transformation[width]': ['1', '2'], 'transformation[overlay][public_id]': ['a', 'b'] }), [
    { pointer: /^\/transformation\// }
  ])
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    t.match(faults({ [`context[${name}]`]: 'x' }), [{
      pointer: `/context/${name}`, message: 'is not a usable name'
    }])
    t.match(faults({ [`transformation[${name}][polluted]`]: 'x' }), [], 'which is then an unknown member')
  }
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
})
