import { expect, test } from 'vitest'
import { EXPECTED, use } from './use.js'

test('the package works', { timeout: 60_000 }, async () => { expect(await use()).toEqual(EXPECTED) })
