import { SEEN_LIST } from './fields.js'
import { el } from './dom.js'

/** Samples of a fresh sandbox. */
const SAMPLES = [
  'sample',
  'samples/logo',
  'samples/landscapes/dunes',
  'samples/private',
  'samples/authenticated',
  'samples/chime',
  'samples/readme.txt'
]
const MOST_SEEN = 50

/**
 * @typedef {object} Memory What answers on this page have shown, offered where it fits.
 * @property {HTMLElement} element
 * @property {(body: Record<string, any>) => void} learn
 * @property {() => string} lastAssetId
 */

/** @returns {Memory} */
export function pageMemory () {
  const seen = new Set(SAMPLES)
  const element = el('datalist', { id: SEEN_LIST }, ...SAMPLES.map((value) => el('option', { value })))
  let assetId = ''
  return {
    element,
    learn: (body) => {
      if (typeof body['asset_id'] === 'string') assetId = body['asset_id']
      const assets = Array.isArray(body['resources']) ? body['resources'] : [body]
      for (const { public_id: id } of assets) {
        if (typeof id !== 'string' || seen.has(id) || seen.size >= MOST_SEEN) continue
        seen.add(id)
        element.append(el('option', { value: id }))
      }
    },
    lastAssetId: () => assetId
  }
}
