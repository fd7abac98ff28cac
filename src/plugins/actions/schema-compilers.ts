import { AjvCompiler } from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

type Factories = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
type BuildSerializer = NonNullable<Factories['buildSerializer']>
type CompileSerializer = ReturnType<BuildSerializer>

/** Serializers by the text of their schema: all routes answer with the same problems, each under several statuses. */
function remembering (build: BuildSerializer): BuildSerializer {
  const kept = new Map<string, ReturnType<CompileSerializer>>()
  return (external, options) => {
    const compile = build(external, options)
    const known = JSON.stringify([external, options])
    return (route) => {
      const key = known + JSON.stringify(route.schema)
      const serialize = kept.get(key) ?? compile(route)
      kept.set(key, serialize)
      return serialize
    }
  }
}

/**
 * Compiles validators and serializers once per process for each schema. Without this, every further gateway of a
 * process takes twice as long to build.
 */
export const schemaCompilers = {
  buildValidator: AjvCompiler(), buildSerializer: remembering(SerializerSelector())
}
