import type { Color } from '../transformation/color.ts'
import type { Size } from '../transformation/gravity.ts'
import type { Coordinates } from '../transformation/resolution.ts'
import type { RenderLimits } from './limits.ts'
import type { Component } from '../transformation/parser.ts'

/**
 * Place of the bytes of an image: a file, or memory when the sandbox has no folder. libvips recognizes an SVG
 * only after `plainSvg`.
 */
export type ByteSource =
  ({ readonly path: string } | { readonly bytes: Uint8Array }) & { readonly isSvg?: boolean }

/** One rendering, as it travels to the process that does it. */
export interface RenderJob {
  readonly source: ByteSource
  readonly storedFormat: string | undefined
  /** Judged, named transformations expanded. */
  readonly components: readonly Component[]
  /** A format, or `auto` together with `accept`. */
  readonly format: string | undefined
  readonly accept: string
  readonly layers: ReadonlyMap<string, ByteSource>
  readonly coordinates: Coordinates
  readonly tags: readonly string[]
  readonly context: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly limits: RenderLimits
}

export interface RenderResult {
  readonly bytes: Uint8Array
  readonly width: number
  readonly height: number
  readonly format: string
  readonly pages: number
  /** Size of the image before anything was done to it. */
  readonly original: Size
}

/** File descriptor of the pipe between the two processes, in the child. */
export const PIPE = 4

/** A refusal as it travels between the processes. */
export interface Failure {
  readonly status: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What comes back: a result, whose bytes follow it, or a failure in the vendor's words. */
export type RenderReply =
  | { readonly id: number, readonly result: Omit<RenderResult, 'bytes'> }
  | { readonly id: number, readonly failure: Failure }

/** What stays the same along one chain. */
export interface Chain {
  readonly job: RenderJob
  readonly initial: Size
  /** Colour of areas that nothing covers. */
  readonly empty: Color
  readonly pages: number
}
