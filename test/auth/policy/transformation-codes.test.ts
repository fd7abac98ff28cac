import t from 'tap'
import { isParameter, leadingFault } from '../../../src/auth/policy/transformation-codes.ts'

t.test('Cloudinary\'s own parameters are told from other words', async (t) => {
  for (const token of ['w_200', 'e_sepia:50', 'dpr_2.0', 'fl_layer_apply', 'if_w_gt_10', '$name_10', '$A1_x']) t.equal(isParameter(token), true, token)
  for (const token of ['', 'w', '_', '_w', 'site_b', 'W_200', ' w_200', 'users', '$_x', '$1_x', 'vl_1', 'constructor_x']) t.equal(isParameter(token), false, token)
})

t.test('a folder that could be a transformation, a version or the kind of a layer keeps nobody in', async (t) => {
  for (const folder of ['users/1', 'user_uploads', 'site_b', 'users', 'v1x/a', 'w_64,users/a', 'users/w_64', 'users/v1', '1', 'videos', 'users/audio', 'texts/a']) t.equal(leadingFault(folder), undefined, folder)
  for (const folder of ['w_64', 'w_64/users', 'w_64,h_2/a', 't_shirts', '$a_1/x', 'v1', 'v12/a', 'V1/a', 'audio', 'audio/users', 'fetch', 'text/1', 'video', 'subtitles', 'lut', 'private/x']) t.match(leadingFault(folder), /plain segment/, folder)
})
