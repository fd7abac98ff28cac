import type { Asset, Fields, Rules, UploaderOptions } from '../client.ts'
import type { Texts } from './words/texts-en.ts'

/** Properties of the element that the panel reads. */
export interface Settings {
  readonly signatureUrl: string
  readonly rulesUrl: string
  readonly via: string
  readonly folder: string
  readonly tags: string
  readonly uploadPreset: string
  readonly preset: string
  readonly resourceType: string
  readonly accept: string
  readonly sources: string
  readonly name: string
  readonly locale: string
  readonly disabled: boolean
  readonly required: boolean
  readonly multiple: boolean
  readonly maxFiles: number | string
  readonly headers: UploaderOptions['headers']
  readonly sign: UploaderOptions['sign']
  readonly options: Partial<UploaderOptions> | undefined
  readonly fields: Fields | undefined
  readonly rules: Rules | undefined
  readonly texts: Texts | undefined
  readonly assets: Asset[]
  readonly value: string[]
}
