import type { Sharp } from 'sharp'
import type { Color } from '../transformation/color.ts'
import type { Plan } from '../transformation/geometry.ts'
import { placeInside, type Region, type Size } from '../transformation/gravity.ts'
import { checkOutput, isTooLarge, type RenderLimits } from './limits.ts'
import { settle, type Picture } from './picture.ts'

/** Carries out a plan: scale, cut, lay on a canvas. */
export async function applyPlan (picture: Picture, plan: Plan, background: Color, limits: RenderLimits): Promise<Picture> {
  const { resize, cut, canvas } = plan
  if (!resize && !cut && !canvas) return picture
  checkOutput(plan, limits)
  if (resize && !cut) checkOutput(resize, limits)
  // A pipeline takes one resize and one cut: what an earlier component asked for is done first.
  const start = picture.pending === 'nothing' ? picture : await settle(picture, limits)
  const inner = await resized(start, plan, limits)
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

async function resized (picture: Picture, { resize, cut, attention }: Plan, limits: RenderLimits): Promise<Sharp> {
  const { image } = picture
  if (!cut) return resize ? image.resize(resize.width, resize.height, { fit: 'fill' }) : image
  if (!resize) return attention ? cutAtFocus(picture, cut, limits) : image.extract(cut)
  // A small box out of a very long picture: what is thrown away is not made first.
  if (isTooLarge(resize, limits)) return cutFirst(picture, resize, cut)
  if (attention) return image.resize(cut.width, cut.height, { fit: 'cover', position: 'attention' })
  return image.resize(resize.width, resize.height, { fit: 'fill' }).extract(cut)
}

function cutFirst ({ image, width, height }: Picture, whole: Size, cut: Region): Sharp {
  const [across, down] = [width / whole.width, height / whole.height]
  const part = { width: Math.max(1, Math.round(cut.width * across)), height: Math.max(1, Math.round(cut.height * down)) }
  const spot = placeInside({ width, height }, part, { gravity: 'north_west', x: cut.left * across, y: cut.top * down })
  return image.extract({ ...spot, ...part }).resize(cut.width, cut.height, { fit: 'fill' })
}

// libvips looks for what catches the eye on a thumbnail of about this size anyway.
const LOOK = 64

/** libvips only cuts at what catches the eye after scaling: a small look tells where that is. */
async function cutAtFocus (picture: Picture, cut: Region, limits: RenderLimits): Promise<Sharp> {
  const { image, width, height } = await settle(picture, limits)
  const { info } = await image.clone().resize(LOOK, LOOK, { fit: 'cover', position: 'attention' }).raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
  const enlarge = Math.min(width, height) / LOOK
  const focus = { x: (info.attentionX ?? LOOK / 2) * enlarge, y: (info.attentionY ?? LOOK / 2) * enlarge }
  const spot = placeInside({ width, height }, cut, { gravity: 'xy_center', ...focus })
  return image.extract({ ...spot, width: cut.width, height: cut.height })
}
