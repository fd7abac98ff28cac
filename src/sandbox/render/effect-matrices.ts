/** Row by row, red green blue from red green blue. */
export const COLOR_MATRICES: Readonly<Record<string, readonly number[]>> = {
  identity: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  sepia: [0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131],
  deuteranopia: [0.625, 0.375, 0, 0.7, 0.3, 0, 0, 0.3, 0.7],
  deuteranomaly: [0.8, 0.2, 0, 0.258, 0.742, 0, 0, 0.142, 0.858],
  protanopia: [0.567, 0.433, 0, 0.558, 0.442, 0, 0, 0.242, 0.758],
  tritanopia: [0.95, 0.05, 0, 0, 0.433, 0.567, 0, 0.475, 0.525],
  tritanomaly: [0.967, 0.033, 0, 0, 0.733, 0.267, 0, 0.183, 0.817],
  cone_monochromacy: [0.299, 0.587, 0.114, 0.299, 0.587, 0.114, 0.299, 0.587, 0.114],
  rod_monochromacy: [0.212, 0.715, 0.072, 0.212, 0.715, 0.072, 0.212, 0.715, 0.072]
}

/** A matrix between doing nothing (0) and doing all of it (1). */
export function mixed (name: string, share: number): number[] {
  const full = COLOR_MATRICES[name] ?? []
  return (COLOR_MATRICES['identity'] ?? []).map((own, at) => own * (1 - share) + (full[at] ?? own) * share)
}
