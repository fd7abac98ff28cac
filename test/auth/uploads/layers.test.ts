import t from 'tap'
import { layerFault } from '../../../src/auth/uploads/layers.ts'

const FOLDER = 'users/1'

t.test('transformations without layers, with text, or with layers of the folder pass', async (t) => {
  for (const text of [
    'w_100,h_100,c_fill', 'c_fill,w_100/e_blur:300', 'l_text:Arial_40:Hello/fl_layer_apply', 'l_users:1:logo,w_50', 'u_users:1:a:b/fl_layer_apply', 'l_authenticated:users:1:x',
    'l_video:private:users:1:x', 't_named', 'e_blur|w_10', 'dpr_2.0', 'if_w_gt_10/w_10/if_end', 'd_users:1:a.png', 'l_users:1:my logo', 'l_image:upload:users:1:x',
    'l_audio:users:1:snd', 'l_audio:authenticated:users:1:snd', 'l_subtitles:users:1:a.srt', 'l_subtitles:arial_40:users:1:a.srt', 'l_subtitles:Roboto Mono_40_bold:private:users:1:a.srt',
    'l_text:Roboto%20Mono_40:Hello%252C%20100%2525%20sure%252Fnot'
  ]) t.equal(layerFault(FOLDER, text), undefined, text)
})

t.test('layers of other assets do not, wherever they stand', async (t) => {
  for (const text of [
    'l_logo', 'u_logo', 'w_10,l_private:secret', 'w_10/l_users:2:a', 'l_users:10:a', 'l_users:1', 'l_users:1:..:2', 'l_fetch:aHR0cDovL2V4YW1wbGUuY29t', 'c_fill|l_logo', 'l_text:my_style',
    'l_audio:users:2:secret', 'l_subtitles:other.srt', 'l_subtitles:arial_40:users:2:a.srt', 'l_video:arial_40:users:1:a', 'l_', 'l_image:upload:other', 'd_other.png', 'd_private:users:1:a'
  ]) t.match(layerFault(FOLDER, text), /outside "users\/1\/"/, text)
})

t.test('a second kind before the name of a layer is a folder', async (t) => {
  for (const text of ['l_private:private:users:1:z', 'l_image:image:users:1:z', 'l_private:image:users:1:z', 'u_authenticated:upload:users:1:z', 'l_subtitles:arial_40:arial_40:users:1:z']) t.match(layerFault(FOLDER, text), /outside/, text)
})

t.test('what cannot be decided is refused', async (t) => {
  for (const text of ['$img_!users:2:a!/l_$img', 'w_10/fn_remote:aHR0', 'fn_wasm:x.wasm', 'w_10,$a_1']) t.match(layerFault(FOLDER, text), /variables or functions/, text)
})

t.test('encoded characters hide nothing', async (t) => {
  for (const text of ['%6c_private:users:2:a', 'w_64%2Cl_private:users:2:a', 'w_64%252cl_users:2:a', 'l_users:1:a%3A..', '%24a_1', 'w_%zz']) t.match(layerFault(FOLDER, text), /percent-encoded/, text)
  for (const text of ['l_text:Arial_20:x%2Cl_private:users:2:a', 'u_text:Arial_20:x%2fl_other', 'l_text:Arial_20:x%7Cl_other', 'l_text:Arial%2Cl_other:x', 'l_text:Arial_20:100%', 'l_text:Arial_20:%c0%af']) {
    t.match(layerFault(FOLDER, text), /%252C/, text)
  }
})

t.test('what is no parameter could be the folder of another asset', async (t) => {
  for (const text of ['site_b', 'w_64/site_b', 'w_64, l_x', 'w_64,,h_1', '', 'jpg']) t.match(layerFault(FOLDER, text), /is none/, text)
  t.match(layerFault(FOLDER, 'x'.repeat(5000)), /^.{1,130}$/, 'the fault stays short')
})

t.test('a folder named like a word of layers does not make that word a folder', async (t) => {
  for (const word of ['audio', 'video', 'lut', 'private']) t.match(layerFault(word, `l_${word}:users:2:secret/fl_layer_apply`), /outside/, word)
  t.match(layerFault('arial_40', 'l_subtitles:arial_40:users:2:a.srt'), /outside/)
})
