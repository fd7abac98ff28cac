import t from 'tap'
import { plan, type Plan } from '../../../src/sandbox/transformation/geometry.ts'
import { parseComponents } from '../../../src/sandbox/transformation/parser.ts'
import { sizingOf } from '../../../src/sandbox/transformation/resolution.ts'
import { oracle, randomCase, seeded } from '../../support/geometry-oracle.ts'
import { rounds, seed } from '../../support/rounds.ts'

const CASES = rounds(1000)

function planOf (text: string, input = { width: 1000, height: 600 }): Plan {
  const [component = new Map<string, string>()] = parseComponents([text])
  return plan(input, sizingOf(component, input, input, { regions: {} }))
}

t.test('the worked table of the vendor\'s crop modes, for a 1000x600 image', async (t) => {
  const table: [string, string][] = [
    ['c_scale,w_400', '400x240'],
    ['c_scale,h_400,w_400', '400x400'],
    ['c_scale,w_0.5', '500x300'],
    ['c_scale,fl_ignore_aspect_ratio,h_150', '1000x150'],
    ['c_fit,h_400,w_400', '400x240'],
    ['c_fit,h_2000,w_2000', '2000x1200'],
    ['c_limit,h_2000,w_2000', '1000x600'],
    ['c_mfit,h_2000,w_2000', '2000x1200'],
    ['c_mfit,h_400,w_400', '1000x600'],
    ['c_fill,h_400,w_400', '400x400'],
    ['ar_1:1,c_fill', '600x600'],
    ['ar_16:9,c_fill,w_400', '400x225'],
    ['c_lfill,h_2000,w_2000', '1000x600'],
    ['c_pad,h_400,w_400', '400x400'],
    ['c_lpad,h_2000,w_2000', '2000x2000'],
    ['c_mpad,h_400,w_400', '1000x600'],
    ['c_crop,h_400,w_400', '400x400'],
    ['c_crop,h_400,w_400,x_10,y_20', '400x400'],
    ['c_crop,g_north_east,h_400,w_400,x_10', '400x400'],
    ['c_fill,dpr_2.0,h_200,w_200', '400x400']
  ]
  for (const [text, expected] of table) {
    const { width, height } = planOf(text)
    t.equal(`${width}x${height}`, expected, text)
  }
})

t.test('where the cut and the picture on the canvas are', async (t) => {
  t.match(planOf('c_fill,h_400,w_400'), { resize: { width: 667, height: 400 }, cut: { left: 133, top: 0 } })
  t.match(planOf('c_pad,h_400,w_400'), { resize: { width: 400, height: 240 }, canvas: { left: 0, top: 80 } })
  t.match(planOf('c_lpad,h_2000,w_2000'), { canvas: { left: 500, top: 700 } })
  t.match(planOf('c_crop,h_400,w_400'), { cut: { left: 300, top: 100 } })
  t.match(planOf('c_crop,h_400,w_400,x_10,y_20'), { cut: { left: 10, top: 20 } })
  t.match(planOf('c_crop,g_north_east,h_400,w_400,x_10'), { cut: { left: 590, top: 0 } })
  t.match(planOf('c_crop,g_south_east,h_100,w_100,x_10,y_20'), { cut: { left: 890, top: 480 } }, 'south east: left and up')
  t.match(planOf('c_crop,g_south,h_100,w_100,x_10,y_20'), { cut: { left: 460, top: 480 } }, 'south: right and up')
  t.match(planOf('c_crop,g_center,h_100,w_100,x_10,y_20'), { cut: { left: 460, top: 270 } }, 'centre: right and down')
  t.match(planOf('c_crop,g_xy_center,h_100,w_100,x_500,y_50'), { cut: { left: 450, top: 0 } }, 'a point, kept inside')
  t.match(planOf('c_crop,h_100,w_100,x_5000'), { cut: { left: 900 } }, 'a cut stays inside the picture')
  t.match(planOf('c_thumb,g_face,h_100,w_100'), { cut: { left: 33, top: 0 } }, 'no face found: north')
})

t.test('the live service rounds to the nearest pixel', async (t) => {
  t.match(planOf('w_640', { width: 639, height: 960 }), { width: 640, height: 962 })
  t.match(planOf('w_3840', { width: 6667, height: 5000 }), { width: 3840, height: 2880 })
  t.match(planOf('w_1', { width: 5000, height: 2 }), { width: 1, height: 1 }, 'at least one pixel')
  t.match(planOf('w_1.0'), { width: 1000, height: 600 }, 'a dot makes it a share')
  t.match(planOf('w_1'), { width: 1, height: 1 }, 'without a dot it is pixels')
})

t.test('coordinates stored with the asset: custom and region', async (t) => {
  const [component = new Map<string, string>()] = parseComponents(['c_crop,g_custom,h_100,w_100'])
  const input = { width: 1000, height: 600 }
  const sizing = sizingOf(component, input, input, { custom: { left: 0, top: 400, width: 200, height: 200 }, regions: {} })
  t.match(plan(input, sizing), { cut: { left: 50, top: 450 } })
})

t.test('without a size, crop and thumb cut out just the stored coordinates, as far as they are in the picture', async (t) => {
  const input = { width: 1000, height: 600 }
  const coordinates = { custom: { left: 10, top: 20, width: 300, height: 200 }, face: { left: 700, top: 300, width: 120, height: 90 }, regions: { far: { left: 900, top: -50, width: 300, height: 200 }, out: { left: 2000, top: 0, width: 5, height: 5 }, odd: { left: 10.4, top: 0.6, width: 20.2, height: 9 } } }
  const planWith = (text: string) => {
    const [component = new Map<string, string>()] = parseComponents([text])
    return plan(input, sizingOf(component, input, input, coordinates))
  }
  for (const crop of ['crop', 'thumb']) {
    t.same(planWith(`c_${crop},g_custom`), { width: 300, height: 200, cut: { left: 10, top: 20, width: 300, height: 200 } })
    t.same(planWith(`c_${crop},g_face`), { width: 120, height: 90, cut: { left: 700, top: 300, width: 120, height: 90 } })
    t.same(planWith(`c_${crop},g_region_!far!`), { width: 100, height: 150, cut: { left: 900, top: 0, width: 100, height: 150 } })
  }
  t.same(planWith('c_crop,g_region_!odd!'), { width: 21, height: 9, cut: { left: 10, top: 1, width: 21, height: 9 } }, 'whole pixels')
  for (const text of ['c_crop,g_region_!out!', 'c_crop,g_region_!none!', 'c_crop,g_north', 'c_crop', 'c_fill,g_custom', 'g_face']) t.same(planWith(text), input, text)
  t.match(planWith('ar_1:1,c_crop,g_custom'), { width: 600, height: 600 }, 'a ratio is a size')
  t.match(planWith('c_crop,g_custom,w_100'), { width: 100, height: 60, cut: { left: 110, top: 90 } }, 'so is one side')
})

t.test('random cases: the size is what an independent oracle says', async (t) => {
  const random = seeded(seed(20_240_607))
  let compared = 0
  for (let at = 0; at < CASES; at++) {
    const { input, text, wanted } = randomCase(random)
    const { width, height } = planOf(text, input)
    const expected = oracle(input, wanted)
    if (width !== expected.width || height !== expected.height) {
      t.same({ width, height }, expected, `${text} of ${input.width}x${input.height}`)
    }
    compared++
  }
  t.equal(compared, CASES)
})

t.test('random cases: cuts and canvases lie inside what they are cut from or laid on', async (t) => {
  const random = seeded(seed(7))
  for (let at = 0; at < CASES; at++) {
    const { input, text } = randomCase(random)
    const { width, height, resize = input, cut, canvas } = planOf(text, input)
    if (cut && (cut.left < 0 || cut.top < 0 || cut.left + cut.width > resize.width || cut.top + cut.height > resize.height)) t.fail(`cut of ${text}`)
    if (canvas && (canvas.left < 0 || canvas.top < 0 || canvas.left + resize.width > width || canvas.top + resize.height > height)) t.fail(`canvas of ${text}`)
  }
  t.pass('none sticks out')
})
