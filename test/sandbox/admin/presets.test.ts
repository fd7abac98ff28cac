import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

/** As clients do that send JSON. */
async function ask (method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'application/json' }
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method, headers, ...body && { body: JSON.stringify(body) } })
  return { http: answer.status, ...await answer.json() as object } // as everywhere in this API
}
const upload = (preset: string) => ask('POST', 'image/upload', { file: PIXEL, upload_preset: preset })

t.test('200: transformations and eager as objects work in uploads', async (t) => {
  const cases: [object, object][] = [
    [{ transformation: [{ crop: 'scale', width: 20 }] }, { width: 20 }],
    [{ transformation: { crop: 'scale', width: 30 } }, { width: 30 }],
    [{ eager: [{ crop: 'scale', width: 5 }, [{ width: 6 }, { radius: 'max' }]] }, { eager: [{ transformation: 'c_scale,w_5' }, { transformation: 'w_6/r_max' }] }],
    [{ eager: { crop: 'scale', width: 7, format: 'png' } }, { eager: [{ transformation: 'c_scale,w_7/png', format: 'png' }] }],
    [{ eager: ['w_8', 'w_9'] }, { eager: [{ transformation: 'w_8' }, { transformation: 'w_9' }] }],
    [{ responsive_breakpoints: [{ create_derived: false, transformation: { effect: 'grayscale' } }] }, { responsive_breakpoints: [{ transformation: 'e_grayscale' }] }]
  ]
  for (const [index, [settings, uploaded]] of cases.entries()) {
    t.match(await ask('POST', 'upload_presets', { name: `p${index}`, ...settings }), { http: 200, message: 'created' })
    t.match(await upload(`p${index}`), { http: 200, ...uploaded }, JSON.stringify(settings))
  }
})

t.test('200: what GET shows can be sent back by PUT and changes nothing', async (t) => {
  const settings = { transformation: 'c_scale,h_4.0,w_20/dl_50,pg_1', eager: 'c_fill,w_5/png|w_6', context: { a: 'b|c=d' }, tags: ['x', 'y'], overwrite: false, responsive_breakpoints: '[{"create_derived":false}]' }
  await ask('POST', 'upload_presets', { name: 'round', ...settings })
  const { settings: shown } = await ask('GET', 'upload_presets/round')
  t.match(shown, { transformation: [{ crop: 'scale', height: '4.0', width: 20 }, { delay: 50, page: 1 }], context: { a: 'b|c=d' } })
  t.match(await ask('PUT', 'upload_presets/round', shown as object), { http: 200 }) // seen above
  t.same((await ask('GET', 'upload_presets/round')).settings, shown)
  t.match(await upload('round'), { http: 200, width: 20, height: 4, eager: [{ transformation: 'c_fill,w_5/png' }, { transformation: 'w_6' }], context: { custom: { a: 'b|c=d' } } })
})

t.test('400: what no upload could use is refused at once, and leaves a preset as it was', async (t) => {
  await ask('POST', 'upload_presets', { name: 'firm', tags: 'kept' })
  for (const settings of [{ transformation: 5 }, { transformation: [{ zz: 5 }] }, { transformation: { width: {} } }, { eager: 'zz_5' }, { eager: [{ zz: 5 }] }, { eager: 'w_5/zzz' }, { eager: true },
    { responsive_breakpoints: '[x' }, { responsive_breakpoints: [{}] }, { responsive_breakpoints: [{ create_derived: false, transformation: 'zz_5' }] }, { responsive_breakpoints: [{ create_derived: false, transformation: [5] }] }]) {
    t.match(await ask('POST', 'upload_presets', { name: 'broken', ...settings }), { http: 400, error: { message: String } }, JSON.stringify(settings))
    t.match(await ask('PUT', 'upload_presets/firm', settings), { http: 400 })
  }
  t.match(await ask('GET', 'upload_presets/broken'), { http: 404 })
  t.same((await ask('GET', 'upload_presets/firm')).settings, { tags: ['kept'] })
})
