import t from 'tap'
import cloudinary from 'cloudinary'
import { tokenOpens } from '../../../src/sandbox/delivery/signature.ts'

const KEY = '00112233FF99'
const ACL = 'st=1700000000~exp=1700000300~acl=%2fimage%2fauthenticated%2f*~hmac=203a69078e32f204aeae80b2a6a9cee393bab78abf0c127b464fdbe3367e67b1'
const URL_TOKEN = 'st=1700000000~exp=1700000300~hmac=ddf9e1b6af14ae1af2b0a710471a992c2fb25687ca77cb61de2ba53923b23c63'
const check = (token: string, path: string, nowSeconds = 1_700_000_100, ip = '1.2.3.4') => tokenOpens(token, { key: KEY, path, ip, nowSeconds })

t.test('tokens of the published examples open their path, in their time', async (t) => {
  t.ok(check(URL_TOKEN, '/demo/image/authenticated/sample.jpg'))
  t.notOk(check(URL_TOKEN, '/demo/image/authenticated/other.jpg'), 'another path')
  t.ok(check(ACL, '/demo/image/authenticated/folder/x.jpg'), 'the list holds no cloud')
  t.notOk(check(ACL, '/demo/image/upload/x.jpg'), 'not on the list')
  t.notOk(check(ACL, '/demo/image/authenticated/x.jpg', 1_700_000_301), 'too late')
  t.notOk(check(ACL, '/demo/image/authenticated/x.jpg', 1_699_999_999), 'too early')
  t.notOk(check(ACL.replace('st=1700000000', 'st=1600000000'), '/demo/image/authenticated/x.jpg'), 'changed')
  t.ok(check(ACL.replaceAll('~', '%7E'), '/demo/image/authenticated/x.jpg'), 'escaped on the way')
  t.notOk(check('', '/demo/image/authenticated/x.jpg'), 'empty')
})

t.test('tokens of the official package: several lists, an address', async (t) => {
  const make = (options: { acl: string | string[], ip?: string }) => cloudinary.v2.utils.generate_auth_token({ key: KEY, start_time: 1_700_000_000, duration: 300, ...options } as unknown as Parameters<typeof cloudinary.v2.utils.generate_auth_token>[0]) // its types know no list of lists
    .replace('__cld_token__=', '')
  const both = make({ acl: ['/image/authenticated/a*', '/video/*'] })
  t.ok(check(both, '/demo/video/upload/x.mp4'))
  t.ok(check(both, '/demo/image/authenticated/abc'))
  t.notOk(check(both, '/demo/image/authenticated/bc'))
  const bound = make({ acl: '/*', ip: '1.2.3.4' })
  t.ok(check(bound, '/demo/x'))
  t.notOk(check(bound, '/demo/x', 1_700_000_100, '5.6.7.8'), 'another address')
})
