import type { Test } from 'tap'
import { Background } from '../../src/sandbox/background.ts'

/** Until the test ends, whatever a sandbox of this process does after an answer fails with `message` when it is done. */
export function failingBackground (t: Test, message: string): void {
  const { add } = Background.prototype
  t.teardown(() => { Background.prototype.add = add })
  Background.prototype.add = function (work) { add.call(this, work.then(() => { throw new Error(message) })) }
}
