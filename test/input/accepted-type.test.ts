import t from 'tap'
import { acceptedType } from '../../src/input/accepted-type.ts'

const [JSON_TYPE, LINES] = ['application/json', 'application/x-ndjson'] as const
const chosen = (accept?: string): string => acceptedType(accept, [JSON_TYPE, LINES])

t.test('the type with the higher weight', async (t) => {
  for (const accept of [
    LINES, 'Application/X-NDJSON', `${LINES};charset=utf-8`, `${JSON_TYPE};q=0.5, ${LINES}`, `${LINES};q=0.9,${JSON_TYPE};q=0.8`, `${LINES} ; Q = 0.3`,
    `${JSON_TYPE};q=0, */*`, `*/*;q=0.1, ${LINES};q=0.2`, `application/*;q=0.1, ${LINES};q=0.2`, `${JSON_TYPE};q=0.001, ${LINES};charset=utf-8;q=0.002`
  ]) t.equal(chosen(accept), LINES, accept)
  for (const accept of [
    `${JSON_TYPE}, ${LINES};q=0`, `${JSON_TYPE}, ${LINES};q=0.000`, `${LINES};q=0.8, ${JSON_TYPE};q=0.9`, `${LINES};q=0`, `*/*, ${LINES};q=0.5`, `application/*, ${LINES};q=0.5`
  ]) t.equal(chosen(accept), JSON_TYPE, accept)
})

t.test('the first one among equals, and where nothing is said or nothing fits', async (t) => {
  for (const accept of [undefined, '', '*/*', 'application/*', 'text/*', 'text/html', `${LINES}, ${JSON_TYPE}`, `${LINES}, */*`, `${LINES};q=0.5, ${JSON_TYPE};q=0.5`, `${LINES}x`, `x${LINES}`, `text/plain;note=${LINES}`, ',;,']) {
    t.equal(chosen(accept), JSON_TYPE, String(accept))
  }
})

t.test('a weight that is none counts as none given', async (t) => {
  for (const weight of ['2', 'x', '', '1.', '.', '...']) t.equal(chosen(`${LINES};q=${weight}, ${JSON_TYPE};q=0.9`), LINES, weight)
})
