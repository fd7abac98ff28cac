import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsync } from 'fastify'
import { mayUse } from '../../auth/policy/permissions.ts'
import type { QuotaStanding } from '../../cloudinary/client.ts'
import { problems } from '../../schemas/problem.ts'
import { Verdict, verdictOf } from './credential-proofs.ts'

const Quota = Type.Object({
  limit: Type.Integer({ description: 'Calls allowed in one period, which is an hour.' }),
  remaining: Type.Integer({ description: 'Calls that are left.' }),
  resets_at: Type.String({ format: 'date-time', description: 'When the budget is whole again.' })
}, {
  'x-component': 'Quota',
  description: 'Admin API budget of the account, as Cloudinary last reported it; absent until then.'
})

const Environment = Type.Object({
  ...Verdict.properties,
  cloud_name: Type.String(),
  default: Type.Boolean({ description: 'True for the one that answers when a request names none.' }),
  sandbox: Type.Boolean({ description: 'True when the embedded sandbox stands behind it.' }),
  quota: Type.Optional(Quota)
}, { 'x-component': 'Environment' })

const Environments = Type.Object({ environments: Type.Array(Environment) }, {
  'x-component': 'Environments',
  examples: [{
    environments: [{
      name: 'production',
      verified: true,
      cloud_name: 'production',
      default: true,
      sandbox: true,
      quota: { limit: 500, remaining: 497, resets_at: '2030-01-01T06:00:00.000Z' }
    }]
  }]
})

function quotaOf (standing: QuotaStanding | undefined): Static<typeof Quota> | undefined {
  if (!standing) return undefined
  const { limit, remaining, resetsAt } = standing
  return { limit, remaining, resets_at: resetsAt.toISOString() }
}

/**
 * `/environments`: names, clouds and whether the credentials work; never a secret, and nothing of environments that the
 * caller may not use. Guarded by the scope that registers it.
 */
export const environments: FastifyPluginAsync = async (app) => {
  app.get('/environments', {
    schema: {
      operationId: 'getEnvironments',
      tags: ['service'],
      summary: 'The environments and their clouds',
      description: 'Lists the environments that the caller may use, without a call to Cloudinary; never a secret.',
      response: {
        200: Environments,
        ...problems('invalid_request', 'unauthorized', 'forbidden', 'rate_limited')
      }
    }
  }, async ({ caller: { permissions } }) => {
    const usable = app.cloudinary.all().filter(({ environment }) => mayUse(permissions, environment.name))
    return {
      environments: await Promise.all(usable.map(async (client) => {
        const { name, cloudName, sandbox } = client.environment
        return {
          ...verdictOf(name, app.standingOf(client)),
          cloud_name: cloudName,
          default: name === app.cloudinary.defaultEnvironment,
          sandbox,
          quota: quotaOf(await client.quota())
        }
      }))
    }
  })
}
