import type { Sharp } from 'sharp'

/** How many copies of the photo there are: `photo/0` and so on. */
export const PHOTOS = 12

/** Transformations of a photo of 2000x1500, and how one would write them for sharp by hand. */
export const CHAINS: Readonly<Record<string, (input: Sharp) => Sharp>> = {
  'c_fill,h_300,w_400': (input) => input.resize(400, 300, { fit: 'cover' }),
  'c_scale,w_1200': (input) => input.resize(1200, 900, { fit: 'fill' }),
  'c_fit,h_400,w_400/e_blur:100': (input) => input.resize(400, 300, { fit: 'fill' }).blur(2.5)
}
