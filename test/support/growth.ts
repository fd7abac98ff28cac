/** Calls that are measured together. Few, so that some of many rounds are not disturbed. */
const CALLS = 20
const LEAST_ROUNDS = 15
const MOST_ROUNDS = 100

async function microsecondsOf (call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (let count = 0; count < CALLS; count++) await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / CALLS
}

/**
 * How many times the CPU of a call the same call takes where there is more of everything. Both take turns,
 * and the least of each counts: whatever else the machine does adds to a round, and takes nothing from it. On
 * a busy machine that takes more rounds to show, so they go on for a while as long as the result is not below
 * `wanted`.
 */
export async function growthOf (
  few: () => Promise<unknown>, many: () => Promise<unknown>, wanted: number
): Promise<number> {
  let [least, leastOfMany] = [Infinity, Infinity]
  for (let round = 0; round < MOST_ROUNDS; round++) {
    least = Math.min(least, await microsecondsOf(few))
    leastOfMany = Math.min(leastOfMany, await microsecondsOf(many))
    if (round >= LEAST_ROUNDS && leastOfMany / least < wanted) break
  }
  return leastOfMany / least
}
