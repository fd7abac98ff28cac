/** Part of all rounds that tests with random input do by default: enough to notice what fails for much of the input. */
const USUAL_PART = 0.1
const AT_LEAST = 10

/** A multiple of all rounds, from `ROUNDS`; once all of them with `CI=true`. */
function partToday ({ ROUNDS, CI }: NodeJS.ProcessEnv): number {
  const asked = Number(ROUNDS)
  if (asked > 0) return asked
  return CI === 'true' ? 1 : USUAL_PART
}

/** How many of `all` rounds a test with random input does in this run. */
export function rounds (all: number): number {
  return Math.max(Math.round(all * partToday(process.env)), Math.min(all, AT_LEAST))
}

/** Where random input begins: the usual place, or `SEED`, so that a drill meets other input than every run before. */
export function seed (usual: number): number {
  return Number(process.env['SEED'] ?? usual)
}

/**
 * Why a test that starts processes for seconds is skipped by default, as `skip` of its options: `npm test` is for every
 * change, and with `CI=true` nothing is left out.
 */
export const LONG = process.env['CI'] !== 'true' && 'takes long: run it with CI=true'
