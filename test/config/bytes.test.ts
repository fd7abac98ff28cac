import t from 'tap'
import { formatBytes, parseBytes } from '../../src/config/bytes.ts'

t.test('parseBytes', async (t) => {
  const sizes = { 10: 10, '10b': 10, '10kB': 10_000, '10KiB': 10_240, '10mb': 10_000_000, '20M': 20_000_000, '10MiB': 10_485_760, '5GiB': 5_368_709_120, '1gb': 1_000_000_000, 0: 0 }
  for (const [text, bytes] of Object.entries(sizes)) t.equal(parseBytes(text), bytes, text)
  for (const text of ['', '1e999', '-1', '+1', '1.5MB', '10 MB', '10TB', 'MB', 'NaN', 'Infinity', '0x10', '9'.repeat(16), '10ib']) t.equal(parseBytes(text), undefined, text)
})

t.test('formatBytes', async (t) => {
  t.same([20_000_000, 100_000_000, 134_217_728, 5_368_709_120, 2_000_000_000, 1_048_576, 1, 0].map(formatBytes),
    ['20MB', '100MB', '128MiB', '5GiB', '2GB', '1MiB', '1', '0'])
  t.test('parses back to the same number', async (t) => {
    for (const bytes of [20_000_000, 134_217_728, 5_368_709_120, 1_234_567]) t.equal(parseBytes(formatBytes(bytes)), bytes)
  })
})
