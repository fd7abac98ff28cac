import t from 'tap'
import { isoTime, type AssetRecord } from '../../../src/sandbox/assets/asset.ts'
import { parseExpression } from '../../../src/sandbox/search/expression.ts'
import { matches } from '../../../src/sandbox/search/matching.ts'

const nowMs = Date.UTC(2030, 5, 15)
const base: AssetRecord = {
  asset_id: '1',
  public_id: 'cats/black tom',
  resource_type: 'image',
  type: 'upload',
  version: 1,
  version_id: '1',
  format: 'jpg',
  bytes: 2048,
  etag: 'e',
  width: 400,
  height: 300,
  created_at: isoTime(nowMs - 2 * 86_400_000),
  uploaded_at: isoTime(nowMs),
  sequence: 1,
  tags: ['pet', 'new york'],
  context: { mood: 'happy' },
  metadata: { price: 12 },
  access_mode: 'public',
  asset_folder: 'animals',
  display_name: 'Tom',
  api_key: '1',
  blob: 'b'
}
const finds = (expression: string) => matches(parseExpression(expression), base, { nowMs, fixedFolders: false })

t.test('what is found', async (t) => {
  for (const expression of [
    '', 'tom', 'TOM', 'to*', 'tags:pet', 'tags=pet', 'tags="new york"', 'tags:new', 'public_id:cats/*', 'public_id="cats/black tom"', 'resource_type:image AND tags=pet', 'tags:dog OR tags:pet',
    'NOT tags:dog', '-tags:dog', '(tags:dog OR tags:pet) AND format=jpg', 'bytes>1000', 'bytes>=2kb', 'bytes<3kb', 'bytes:[2000 TO 3000]', 'bytes:[2048 TO *]', 'width=400', 'aspect_ratio=4:3',
    'created_at>3d', 'created_at:2030-06-13', 'created_at:[2030-06-01 TO 2030-06-14]', 'created_at<"2030-06-14"', 'context.mood=happy', 'context:mood', 'metadata.price>10', 'tags:(dog OR pet)', 'asset_folder=animals', 'status:active', 'tags:*',
    'tags:pet format:jpg', 'asset_id:1', 'tags:pet AND NOT (format:png OR bytes>1mb)'
  ]) t.ok(finds(expression), expression)
})

t.test('what is not', async (t) => {
  for (const expression of [
    'dog', 'tags=pe', 'tags=Pet', 'public_id:dogs/*', 'bytes>2048', 'bytes:{2048 TO 3000]', 'created_at>1d', 'created_at<3d AND tags:dog', 'nosuchfield:x', 'folder:cats', 'metadata.price<12', 'tags:dog OR format:png', 'NOT tags:pet',
    'width:wide', 'created_at:never', 'duration:*'
  ]) t.notOk(finds(expression), expression)
})

t.test('400: where it went wrong', async (t) => {
  t.throws(() => parseExpression('*'), { status: 400, message: 'Query Error (at position 1) \' ➥➥➥*\'' })
  for (const expression of ['*dog', '(tags:a', 'tags:', 'tags:a AND', 'AND tags:a', 'tags:a)', 'bytes:[1 TO', 'a OR', '"open', '('.repeat(50), 'NOT '.repeat(50) + 'a', 'x'.repeat(6000)]) {
    t.throws(() => parseExpression(expression), { status: 400, message: /^Query Error \(at position \d+\) / }, expression.slice(0, 20))
  }
})
