import type { Color } from '../transformation/color.ts'
import type { Plan } from '../transformation/geometry.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { settle, type Picture } from './picture.ts'

/** Carries out a plan: scale, cut, lay on a canvas. */
export async function applyPlan (picture: Picture, plan: Plan, background: Color, limits: RenderLimits): Promise<Picture> {
  if (plan.resize) checkOutput(plan.resize, limits)
  checkOutput(plan, limits)
  let { image } = picture
  const { resize, cut, canvas } = plan
  if (plan.attention && cut) {
    image = image.resize(cut.width, cut.height, { fit: 'cover', position: 'attention' })
    return { image, width: plan.width, height: plan.height, isPlain: picture.isPlain === true }
  }
  if (resize) image = image.resize(resize.width, resize.height, { fit: 'fill' })
  if (cut) image = image.extract(cut)
  if (canvas) {
    // sharp extends after it resizes, but in the input's colours: settling first makes room for transparency.
    const inner = resize ?? picture
    const settled = await settle({ image, ...inner }, limits)
    image = settled.image.extend({
      left: canvas.left,
      top: canvas.top,
      right: plan.width - canvas.left - inner.width,
      bottom: plan.height - canvas.top - inner.height,
      background
    })
  }
  return { image, width: plan.width, height: plan.height, isPlain: picture.isPlain === true }
}
