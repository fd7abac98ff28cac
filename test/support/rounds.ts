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

/**
 * Test files of rooms that run with `CI=true` alone. None is a mirror that earns coverage, each costs seconds of CPU, and
 * beside each a cheaper one of its kind runs by default.
 */
export const LONG_FILES: ReadonlySet<string> = new Set([
  'test/browser/client-answers.test.ts',
  'test/browser/client-faults.test.ts',
  'test/browser/docs-attacks.test.ts',
  'test/browser/docs.test.ts',
  'test/browser/element-forms.test.ts',
  'test/browser/element-looks.test.ts',
  'test/browser/element-names.test.ts',
  'test/browser/frameworks.test.ts',
  'test/browser/uploaders.test.ts',
  'test/contract/asset-management.test.ts',
  'test/contract/directus-driver.test.ts',
  'test/contract/document-lint.test.ts',
  'test/contract/effective-places.test.ts',
  'test/contract/environments.test.ts',
  'test/contract/fields-and-policy.test.ts',
  'test/contract/generated-client.test.ts',
  'test/contract/generated-clients.test.ts',
  'test/contract/mcp-server.test.ts',
  'test/contract/multer-storage.test.ts',
  'test/contract/policy-table.test.ts',
  'test/contract/sdk-bulk.test.ts',
  'test/contract/sdk-delivery.test.ts',
  'test/contract/signature-replay.test.ts',
  'test/contract/signature-sequences.test.ts',
  'test/contract/strapi-provider.test.ts',
  'test/contract/transformation-jail.test.ts',
  'test/contract/url-gen-actions.test.ts',
  'test/contract/url-gen.test.ts',
  'test/faults/changed-text.test.ts',
  'test/faults/lost-characters.test.ts',
  'test/faults/outage.test.ts',
  'test/faults/shares.test.ts',
  'test/faults/unchosen-types.test.ts',
  'test/faults/upload-slots.test.ts',
  'test/sandbox/delivery/breakpoints-json.test.ts',
  'test/sandbox/delivery/derived.test.ts',
  'test/sandbox/delivery/honest.test.ts',
  'test/sandbox/delivery/names.test.ts',
  'test/sandbox/delivery/video.test.ts',
  'test/sandbox/fuzz.test.ts',
  'test/sandbox/growth.test.ts',
  'test/sandbox/pages/coverage.test.ts',
  'test/sandbox/render/coordinates.test.ts',
  'test/sandbox/render/hostile.test.ts',
  'test/sandbox/render/pixels.test.ts',
  'test/sandbox/store/derived-store.test.ts',
  'test/sandbox/upload/derive/breakpoints.test.ts',
  'test/sandbox/upload/files.test.ts',
  'test/sandbox/upload/pending.test.ts',
  'test/sandbox/upload/source.test.ts'
])
