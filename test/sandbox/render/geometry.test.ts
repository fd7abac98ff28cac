import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { oracle, randomCase, seeded } from '../../support/geometry-oracle.ts'
import { rounds, seed } from '../../support/rounds.ts'

const CASES = rounds(1000)
// Small pictures ask the same questions as large ones and are made in a millisecond.
const LONGEST_SIDE = 80

t.setTimeout(240_000)

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

/** Width and height as the PNG itself says, read without the library that wrote it. */
async function sizeOf (url: string): Promise<string> {
  const answer = await fetch(url)
  const body = Buffer.from(await answer.arrayBuffer())
  if (answer.status !== 200) return `${answer.status} ${String(answer.headers.get('x-cld-error'))}`
  return `${body.readUInt32BE(16)}x${body.readUInt32BE(20)}`
}

t.test(`${CASES} random deliveries (input size, mode, width, height, ratio, dpr, gravity): as large as an independent oracle says`, async (t) => {
  const random = seeded(seed(99))
  const cases = Array.from({ length: CASES }, () => randomCase(random, LONGEST_SIDE))
  let compared = 0
  const work = async () => {
    for (let next = cases.pop(); next; next = cases.pop()) {
      const { input, text, wanted } = next
      const name = `random/${cases.length}`
      const expected = oracle(input, wanted)
      await sandbox.add(name, { ...input })
      const seen = await sizeOf(`${sandbox.url}/demo/image/upload/${text}/v1/${name}.png`)
      if (seen !== `${expected.width}x${expected.height}`) t.equal(seen, `${expected.width}x${expected.height}`, `${text} of ${input.width}x${input.height}`)
      compared++
    }
  }
  await Promise.all(Array.from({ length: 6 }, work))
  t.equal(compared, CASES)
})
