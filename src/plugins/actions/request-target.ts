import fp from 'fastify-plugin'
import { invalidRequest, type Fault } from '../../errors.ts'
import { decoded } from '../../input/decoded.ts'
import { urlencodedFaults } from '../../input/forms/urlencoded.ts'

const FRAGMENT = 'has a "#" in its URL; send "%23" for the character, and leave out a fragment'

/** What is wrong with the target of a request, whose characters Node has held to ASCII. */
function faultsOf (url: string): Fault[] {
  if (url.includes('#')) return [{ pointer: '', message: FRAGMENT }]
  const start = url.indexOf('?')
  if (start < 0 || !url.includes('%', start) || decoded(url.slice(start)) !== undefined) return []
  return urlencodedFaults(url.slice(start + 1))
}

/**
 * Refuses queries that the parser cannot decode: it would pass `%FF` on as these three characters, and a value
 * with one stray `%` undecoded. The router judges the path.
 */
export default fp(async (scope) => {
  scope.addHook('onRequest', ({ raw: { url = '' } }, _reply, done) => {
    const faults = faultsOf(url)
    if (faults.length > 0) done(invalidRequest(faults))
    else done()
  })
}, { name: 'request-target' })
