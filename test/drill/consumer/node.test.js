import assert from 'node:assert/strict'
import test from 'node:test'
import { EXPECTED, use } from './use.js'

test('the package works', async () => { assert.deepEqual(await use(), EXPECTED) })
