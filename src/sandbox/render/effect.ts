import type { Component } from '../transformation/parser.ts'
import type { RenderLimits } from './limits.ts'
import type { Picture } from './picture.ts'

/** What an effect has to work with. The picture is settled: RGBA pixels, nothing pending. */
export interface EffectInput {
  readonly picture: Picture
  readonly name: string
  readonly argument: string
  readonly strength: number
  readonly component: Component
  readonly limits: RenderLimits
}

export type Effect = (input: EffectInput) => Picture | Promise<Picture>
