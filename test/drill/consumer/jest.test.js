import { expect, test } from '@jest/globals'
import { EXPECTED, use } from './use.js'

test('the package works', async () => { expect(await use()).toEqual(EXPECTED) }, 60_000)
