const real = Date.now
let byMs = 0

// Import this first, so that nobody keeps the real function.
Date.now = () => real() + byMs

/** Sets the clock of this process, so many milliseconds before or after the real one. */
export function setClock (ms: number): void { byMs = ms }
