import sharp from 'sharp'
import { applyEffect } from './effects.ts'
import { evaluate, type Scope } from '../transformation/expression.ts'
import { parseColor, TRANSPARENT, WHITE } from '../transformation/color.ts'
import { canonicalFormat } from '../format-names.ts'
import { negotiateFormat } from '../transformation/output-formats.ts'
import { plan } from '../transformation/geometry.ts'
import type { Size } from '../transformation/gravity.ts'
import { openImage, type Opened } from './source.ts'
import { assignVariables, resolveComponent, sizingOf } from '../transformation/resolution.ts'
import type { Chain, RenderJob, RenderResult } from './job.ts'
import { applyPlan } from './sizing.ts'
import { checkTarget, encode, encodingOf } from './encode.ts'
import { drawBorder, fadeTo, flatten, roundCorners, turn } from './shape.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { pixelsOf, settle, type Picture } from './picture.ts'
import { drawLayer } from './layer-steps.ts'
import { flagsOf, type Component } from '../transformation/parser.ts'
import { buildSteps, type Step } from '../transformation/steps.ts'

/** Renders one job. Runs in the child process; pure but for the bytes it reads. */
export async function render (job: RenderJob): Promise<RenderResult> {
  const format = job.format ?? 'auto'
  const opened = await openImage({ ...job.source, isSvg: job.storedFormat === 'svg' }, openOptions(job, format))
  const target = format === 'auto' ? automatic(job, opened) : lossily(job, opened, canonicalFormat(format))
  checkTarget(target)
  const [first] = opened.frames
  if (!first) throw new Error('An opened image has at least one frame')
  const chain: Chain = { job, initial: { width: first.width, height: first.height }, empty: target === 'jpg' ? WHITE : TRANSPARENT, pages: opened.frames.length }
  const steps = buildSteps(job.components)
  const rendered: Picture[] = []
  for (const frame of opened.frames) rendered.push(await runSteps(frame, steps, chain))
  return { ...await write(rendered, opened, job, target), original: chain.initial }
}

function openOptions (job: RenderJob, format: string) {
  const last = (key: string) => job.components.map((component) => component.get(key)).findLast((value) => value !== undefined)
  const page = Number(/^\d+$/.exec(last('pg') ?? '')?.[0] ?? 0)
  const density = last('dn')
  const isAnimated = ['gif', 'webp', 'auto'].includes(canonicalFormat(format)) && ['gif', 'webp'].includes(job.storedFormat ?? '')
  return {
    animated: page === 0 && isAnimated,
    page: Math.max(0, page - 1),
    density: density === undefined ? undefined : Number(density),
    ignoreOrientation: job.components.some((component) => component.get('a')?.split('.').includes('ignore') === true),
    limits: job.limits
  }
}

function automatic (job: RenderJob, opened: Opened): string {
  return negotiateFormat({ accept: job.accept, stored: job.storedFormat, transparent: canBeTransparent(job, opened), animated: opened.frames.length > 1 })
}

/** `fl_lossy` makes a JPEG of a PNG in which there is nothing to see through. */
function lossily (job: RenderJob, opened: Opened, format: string): string {
  const isLossy = format === 'png' && job.components.some((component) => flagsOf(component).includes('lossy'))
  return isLossy && !canBeTransparent(job, opened) ? 'jpg' : format
}

function canBeTransparent ({ components }: RenderJob, opened: Opened): boolean {
  return opened.hasAlpha || components.some((component) => component.has('r') || component.has('o') || component.get('b') === 'transparent' || component.has('l') || component.has('u') ||
    /pad$/.test(component.get('c') ?? '') || /^(?:make_transparent|trim|shadow|shear|gradient_fade)/.test(component.get('e') ?? '') || /^-?\d+/.test(component.get('a') ?? '') || flagsOf(component).includes('preserve_transparency'))
}

/** Runs a chain, with its conditions: a lone `if_` opens a block, beside other keys it decides on its own component. */
export async function runSteps (picture: Picture, steps: readonly Step[], chain: Chain): Promise<Picture> {
  let current = picture
  let scope = scopeOf(current, chain, new Map())
  const blocks: boolean[] = []
  let lastDecision = false
  for (const step of steps) {
    const component = step.kind === 'component' ? step.component : step.apply
    const condition = component.get('if')
    const isAlone = component.size === 1
    scope = scopeOf(current, chain, scope.variables)
    if (condition === 'end') {
      blocks.pop()
      continue
    }
    if (condition === 'else' && isAlone) {
      blocks[blocks.length - 1] = !blocks.at(-1)
      continue
    }
    if (condition !== undefined) {
      const holds: boolean = condition === 'else' ? !lastDecision : Boolean(evaluate(condition, scope))
      lastDecision = holds
      if (isAlone) blocks.push(holds)
      if (isAlone || !holds) continue
    }
    if (blocks.includes(false)) continue
    scope = assignVariables(component, scope)
    current = step.kind === 'layer'
      ? await drawLayer(current, step, chain, scope, runSteps)
      : await applyComponent(current, resolveComponent(component, scope), chain)
  }
  return current
}

function scopeOf (picture: Size, { job, initial, pages }: Chain, variables: ReadonlyMap<string, string>): Scope {
  const numbers = {
    w: picture.width,
    h: picture.height,
    ar: picture.width / picture.height,
    iw: initial.width,
    ih: initial.height,
    iar: initial.width / initial.height,
    pc: pages,
    cp: 1,
    fc: job.coordinates.face ? 1 : 0,
    ils: 0
  }
  return { numbers, variables, tags: job.tags, context: job.context, metadata: job.metadata }
}

/** One component. The order is the service's, not the caller's: size, effect, opacity, corners, border, angle, background. */
async function applyComponent (picture: Picture, component: Component, chain: Chain): Promise<Picture> {
  const { limits, coordinates } = chain.job
  const color = parseColor(component.get('b') ?? '')
  const effect = component.get('e')
  const isRegional = effect !== undefined && /_region(?::|$)/.test(effect)
  let current = picture
  if (effect?.startsWith('trim') === true) current = await applyEffect(current, component, limits)
  if (!isRegional) {
    const turnedFor = await turnForRatio(current, component, chain)
    current = await applyPlan(turnedFor, plan(turnedFor, sizingOf(component, turnedFor, chain.initial, coordinates)), color ?? chain.empty, limits)
  }
  if (effect !== undefined && !effect.startsWith('trim')) current = await applyEffect(current, component, limits)
  const opacity = component.get('o')
  if (opacity !== undefined) current = await fadeTo(current, Number(opacity), limits)
  const radius = component.get('r')
  if (radius !== undefined) current = await roundCorners(current, radius, limits)
  const border = component.get('bo')
  if (border !== undefined) current = await drawBorder(current, border, radius, limits)
  const angle = component.get('a')
  if (angle !== undefined) current = await turn(current, angle, color ?? chain.empty, limits)
  return color ? flatten(await settle(current, limits), color) : current
}

/** `a_auto_right` and `a_auto_left` turn when the box asked for has the other orientation. */
async function turnForRatio (picture: Picture, component: Component, chain: Chain): Promise<Picture> {
  const direction = component.get('a')?.split('.').find((part) => part.startsWith('auto_'))
  if (direction === undefined) return picture
  const { width, height, ratio } = sizingOf(component, picture, chain.initial, chain.job.coordinates)
  const wanted = ratio ?? (width ?? 1) / (height ?? width ?? 1)
  const isOther = (wanted > 1) !== (picture.width > picture.height) && wanted !== 1
  return isOther ? turn(picture, direction === 'auto_right' ? '90' : '-90', TRANSPARENT, chain.job.limits) : picture
}

async function write (
  rendered: readonly Picture[], opened: Opened, job: RenderJob, target: string
): Promise<Omit<RenderResult, 'original'>> {
  const [first] = rendered
  if (!first) throw new Error('A chain yields at least one picture')
  checkOutput(first, job.limits)
  const encoding = encodingOf(job.components, target)
  const isAnimated = rendered.length > 1
  const still = first.pending ? first : await settle(first, job.limits)
  const image = isAnimated ? await strip(rendered, first, job.limits) : still.image
  const delays = job.components.map((component) => component.get('dl')).findLast((value) => value !== undefined)
  const delay = delays === undefined ? opened.delay : rendered.map(() => Number(delays))
  const loops = job.components.map((component) => /^loop:?(\d*)$/.exec(component.get('e') ?? '')?.[1]).findLast((value) => value !== undefined)
  const animation = { delay, loop: loops === undefined ? opened.loop : Number(loops || 0) }
  const output = encode(image, encoding, isAnimated ? animation : undefined)
  const { data, info } = await output.timeout({ seconds: job.limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
  return { bytes: data, width: info.width, height: first.height, format: target, pages: rendered.length }
}

/** Frames under one another, as libvips wants an animation. */
async function strip (frames: readonly Picture[], { width, height }: Size, limits: RenderLimits) {
  if (width * height * frames.length > limits.inputPixels) checkOutput({ width, height: height * frames.length }, { ...limits, outputPixels: limits.inputPixels })
  const pixels: Buffer[] = []
  for (const frame of frames) pixels.push(await pixelsOf(frame, limits))
  return sharp(Buffer.concat(pixels), { raw: { width, height: height * frames.length, channels: 4, pageHeight: height }, limitInputPixels: false })
}
