import t from 'tap'
import { echoFaults, smugglingFault, smugglingFaults } from '../../src/schemas/smuggling.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'

t.test('parameters hidden in a value are found, those of other methods too', async (t) => {
  for (const name of [
    ...SIGNABLE_PARAMETER_NAMES, 'from_public_id', 'to_public_id', 'tag', 'urls', 'prefixes', 'public_ids', 'mode', 'target_public_id', 'text', 'command', 'asset_id', 'asset_ids', 'expires_at', 'resource_type'
  ]) t.match(smugglingFault(`https://example.com/?a=1&b=2&${name}=x`), `"&${name}="`, name)
})

t.test('other names, and the first one of a query, are nobody\'s', async (t) => {
  for (const value of ['plain', 'https://example.com/?public_id=1&b=2', 'a&public_idx=1', 'a&public_id', 'a&Tag=1']) t.equal(smugglingFault(value), undefined, value)
})

t.test('each parameter that holds another one is pointed at', async (t) => {
  const faults = smugglingFaults({ public_id: 'a&tag=b', format: 'png', context: 'x&text=y' })
  t.same(faults.map(({ pointer }) => pointer), ['/public_id', '/context'])
})

t.test('what becomes a part of the public ID holds no parameter: the answer of Cloudinary is signed too', async (t) => {
  for (const name of ['public_id', 'folder', 'public_id_prefix', 'asset_folder', 'filename_override']) {
    t.match(
      echoFaults({ [name]: 'a&tags=b&type=upload' }),
      [{ pointer: `/${name}`, message: /^must not hold "&tags=": / }], name
    )
    t.match(echoFaults({ [name]: 'a&public_ids=b' }), [{ pointer: `/${name}` }], 'those of other methods too')
    t.same(echoFaults({ [name]: 'Tom & Jerry/a&b=c' }), [])
  }
  t.same(echoFaults({ context: 'a=b&tags=c', tags: 'a&tags=b' }), [], 'other values are not echoed')
  t.same(
    echoFaults({ public_id: 'a&tags=b', folder: 'c&timestamp=1' }).map(({ pointer }) => pointer),
    ['/public_id', '/folder']
  )
  t.match(
    echoFaults({}, 'a&tags=b.png'),
    [{ pointer: '/file', message: /^must not have a name that holds "&tags="/ }]
  )
  t.same(echoFaults({}, 'a&b.png'), [])
})
