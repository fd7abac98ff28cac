import t from 'tap'
import { Type, type TSchema } from '@sinclair/typebox'
import fastify from 'fastify'
import { EagerInput, flatTransformation, TransformationInput } from '../../src/schemas/transformation.ts'

/** Judges a value as the gateway does: the same validator with the same settings. Gives the pointers of all faults. */
async function judge (schema: TSchema) {
  const app = fastify({
    ajv: {
      customOptions: {
        removeAdditional: false,
        allErrors: true,
        strictTypes: false,
        keywords: ['x-fault', 'x-component', 'x-object', 'x-parts']
      }
    },
    schemaErrorFormatter: (errors) => Object.assign(new Error('faults'), { pointers: errors.map(({ instancePath }) => instancePath) })
  })
  app.setErrorHandler((error: { pointers: string[] }, _request, reply) => reply.send(error.pointers))
  app.post('/', { schema: { body: Type.Object({ v: schema }) }, handler: async () => [] })
  await app.ready()
  return async (v: unknown): Promise<string[]> => (await app.inject({ method: 'POST', url: '/', payload: { v } })).json()
}

const TRANSFORMATIONS = [
  'c_fill,w_200', 'c_fill,w_200/e_sepia:50,r_max', '$x_10/w_$x', 'if_w_gt_100/c_scale,w_100/if_end', 'l_text:Arial_20:Hi%252C%20you/fl_layer_apply',
  { width: 300 }, { width: '300', height: 0.5, crop: 'fill' }, { width: 'auto:breakpoints' }, { width: 'iw_div_2' }, { width: 32_767 }, { width: '32767' },
  { aspect_ratio: '16:9' }, { aspect_ratio: 1.5 }, { quality: 100 }, { quality: 'auto:low' }, { quality: '80:420' }, { gravity: 'region_!name!' },
  { fetch_format: 'auto:image' }, { effect: 'art:audrey' }, { effect: 'gen_replace:from_cat;to_dog' }, { radius: '10:20' }, { radius: 0 }, { angle: -90 },
  { angle: 'hflip.20' }, { background: '#fff' }, { background: 'auto:predominant_gradient:2' }, { dpr: 'auto' }, { dpr: 1.5 }, { named: 'my thumb' },
  { x: -10, y: '0.25' }, { x: '$size_mul_2' }, { zoom: 1.5 }, { overlay: 'private:users:1:logo' }, { underlay: 'text:Arial_20:Hi%252C%20you' },
  { overlay: 'fetch:https://example.com/a/b.png?c=d,e' }, { border: '4px_solid_black' },
  { overlay: { text: 'Hi, you', font_family: 'Arial', font_size: 20 } }, { underlay: { public_id: 'users/1/logo', type: 'private' } }, { border: '2px_solid_#ff0000' }, { border: { width: 3, color: '#fff' } }, { border: {} },
  { color: 'rgb:ff0000' }, { color: '#fff' }, { opacity: 0 }, { opacity: '50' }, { page: 2 }, { page: '3-5;7' }, { page: 'name:front' }, { density: 150 },
  { default_image: 'users:1:avatar.png' }, { flags: 'progressive:steep.layer_apply' }, { flags: ['attachment:my file', 'relative'] },
  { raw_transformation: 'e_brightness:50/r_max' }, {}, [], [{ width: 10 }, { effect: 'sepia' }]
]

const REFUSED: ReadonlyArray<readonly [unknown, string]> = [
  ['', ''], ['w_100/v1/x', ''], ['w_1//w_2', ''], ['w_1?a', ''], ['w_1#a', ''], ['w_10%', ''], ['s--abcdefgh--', ''], ['nonsense', ''],
  [{ width: -5 }, '/width'], [{ width: 0 }, '/width'], [{ width: '-5' }, '/width'], [{ width: '0' }, '/width'], [{ width: 40_000 }, '/width'],
  [{ width: '32768' }, '/width'], [{ height: '99999' }, '/height'], [{ width: '100,e_sepia' }, '/width'], [{ width: 'wide' }, '/width'], [{ width: true }, '/width'],
  [{ width: null }, '/width'], [{ crop: 'fil' }, '/crop'], [{ aspect_ratio: '16/9' }, '/aspect_ratio'], [{ aspect_ratio: '0:1' }, '/aspect_ratio'],
  [{ quality: 0 }, '/quality'], [{ quality: 101 }, '/quality'], [{ quality: 'best' }, '/quality'], [{ gravity: 'a,w_1' }, '/gravity'],
  [{ fetch_format: 'jpg/x' }, '/fetch_format'], [{ effect: 'sepia/v1' }, '/effect'], [{ effect: 'sepia%2Cw_1' }, '/effect'], [{ effect: 'sepia%2fw_1' }, '/effect'],
  [{ radius: 'big' }, '/radius'], [{ radius: -1 }, '/radius'], [{ angle: '10,w_1' }, '/angle'], [{ background: 'red,w_1' }, '/background'],
  [{ background: '#red' }, '/background'], [{ dpr: 0 }, '/dpr'], [{ dpr: 100 }, '/dpr'], [{ named: 'a,b' }, '/named'], [{ named: '' }, '/named'],
  [{ x: 'left' }, '/x'], [{ y: '1,w_1' }, '/y'], [{ zoom: 0 }, '/zoom'], [{ overlay: 'users/1/logo' }, '/overlay'], [{ underlay: 'a,w_1' }, '/underlay'],
  [{ overlay: 'fetch:ftp://a/b' }, '/overlay'], [{ overlay: { public_id: '' } }, '/overlay/public_id'], [{ overlay: { font_family: 'a,b' } }, '/overlay/font_family'], [{ overlay: { text: 'a', colour: 'red' } }, '/overlay'], [{ border: '4' }, '/border'], [{ border: { width: -1 } }, '/border/width'], [{ border: { colour: 'red' } }, '/border'],
  [{ color: 'a,b' }, '/color'], [{ opacity: 101 }, '/opacity'], [{ opacity: '101' }, '/opacity'], [{ page: 'first' }, '/page'], [{ density: 0 }, '/density'],
  [{ default_image: 'a/b.png' }, '/default_image'], [{ default_image: 'a%2Cb.png' }, '/default_image'], [{ flags: 'a/b' }, '/flags'], [{ flags: ['a,b'] }, '/flags/0'], [{ flags: [''] }, '/flags/0'],
  [{ raw_transformation: 'w_1/secret' }, '/raw_transformation'], [{ sharpness: 1 }, ''], [[{ width: -1 }], '/0/width'], [['w_1'], '/0']
]

t.test('transformations that pass', async (t) => {
  const faults = await judge(TransformationInput)
  for (const value of TRANSFORMATIONS) t.strictSame(await faults(value), [], JSON.stringify(value))
})

t.test('400: transformations that do not, each with one pointer', async (t) => {
  const faults = await judge(TransformationInput)
  for (const [value, pointer] of REFUSED) {
    const pointers = new Set(await faults(value))
    t.strictSame([...pointers], [`/v${pointer}`], JSON.stringify(value))
  }
})

t.test('eager: an extension may end the text, a pipe is refused', async (t) => {
  const faults = await judge(EagerInput)
  for (const value of ['c_fill,w_50/png', 'w_1', { width: 5, format: 'png' }, [{ width: 5 }]]) t.strictSame(await faults(value), [], JSON.stringify(value))
  for (const value of ['w_1|w_2', 'w_1/', { format: '.png' }, { form: 'png' }]) t.not((await faults(value)).length, 0, JSON.stringify(value))
})

t.test('flat parameters are the same ones', async (t) => {
  t.strictSame(Object.keys(flatTransformation).sort(), Object.keys(TransformationInput['properties'] as object).sort()) // Unsafe hides its members' types
})
