import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import openapiTypescript, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import t from 'tap'

t.test('the types are those of the document: `npm run api-types` makes them', async (t) => {
  const made = `${COMMENT_HEADER}${astToString(await openapiTypescript(pathToFileURL('openapi.yaml')))}`
  t.equal(readFileSync('src/api/openapi.ts', 'utf8'), made)
})
