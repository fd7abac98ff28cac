import t from 'tap'
import { layerFault, texts } from '../../src/auth/layers.ts'

const FOLDER = 'users/1'

t.test('transformations without layers, with text, or with layers of the folder pass', async (t) => {
  for (const text of ['w_100,h_100,c_fill', 'c_fill,w_100/e_blur:300', 'l_text:Arial_40:Hello/fl_layer_apply', 'l_users:1:logo,w_50', 'u_users:1:a:b/fl_layer_apply', 'l_authenticated:users:1:x', 'l_video:private:users:1:x', 't_named', 'e_blur|w_10', 'vl_1', 'dpr_2.0']) {
    t.equal(layerFault(FOLDER, text), undefined, text)
  }
})

t.test('layers of other assets do not, wherever they stand', async (t) => {
  for (const text of ['l_logo', 'u_logo', 'w_10,l_private:secret', 'w_10/l_users:2:a', 'l_users:10:a', 'l_users:1', 'l_users:1:..:2', 'l_fetch:aHR0cDovL2V4YW1wbGUuY29t', 'c_fill|l_logo', 'l_text:my_style', 'l_subtitles:other.srt', 'l_', 'l_image:upload:other']) {
    t.match(layerFault(FOLDER, text), /outside "users\/1\/"/, text)
  }
})

t.test('what cannot be decided is refused', async (t) => {
  for (const text of ['$img_!users:2:a!/l_$img', 'w_10/fn_remote:aHR0', 'fn_wasm:x.wasm', 'w_10,$a_1']) t.match(layerFault(FOLDER, text), /variables or functions/, text)
})

t.test('texts are found in every form of a transformation', async (t) => {
  t.same(texts('a'), ['a'])
  t.same(texts([{ width: 1, raw_transformation: 'b' }, 'c', null]), ['b', 'c'])
  t.same(texts(undefined), [])
})
