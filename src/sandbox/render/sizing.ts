import type { Sharp } from 'sharp'
import type { Color } from '../transformation/color.ts'
import type { Plan } from '../transformation/geometry.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { settle, type Picture } from './picture.ts'

/** Carries out a plan: scale, cut, lay on a canvas. */
export async function applyPlan (picture: Picture, plan: Plan, background: Color, limits: RenderLimits): Promise<Picture> {
  const { resize, cut, canvas } = plan
  if (!resize && !cut && !canvas) return picture
  if (resize) checkOutput(resize, limits)
  checkOutput(plan, limits)
  // A pipeline takes one resize and one cut: what an earlier component asked for is done first.
  const start = picture.pending === 'nothing' ? picture : await settle(picture, limits)
  const inner = resized(start.image, plan)
  if (!canvas) return { image: inner, width: plan.width, height: plan.height, pending: 'sizing' }
  const size = resize ?? picture
  // sharp would extend in the colours of the input; pixels have room for transparency.
  const pixels = await settle({ image: inner, width: size.width, height: size.height }, limits)
  const image = pixels.image.extend({
    left: canvas.left,
    top: canvas.top,
    right: plan.width - canvas.left - size.width,
    bottom: plan.height - canvas.top - size.height,
    background
  })
  return { image, width: plan.width, height: plan.height, pending: 'sizing' }
}

function resized (image: Sharp, { resize, cut, attention }: Plan): Sharp {
  if (attention && cut) return image.resize(cut.width, cut.height, { fit: 'cover', position: 'attention' })
  const scaled = resize ? image.resize(resize.width, resize.height, { fit: 'fill' }) : image
  return cut ? scaled.extract(cut) : scaled
}
