/**
 * Returns milliseconds since 1970. Somebody may set this clock while the process runs, so it dates only what
 * leaves the process: timestamps, expiries, times that a person reads.
 */
export const wallClock = (): number => Date.now()

/**
 * Returns milliseconds of a clock that nobody can set. Every span is measured by it: waits, rates, ages,
 * deadlines.
 */
export const steadyClock = (): number => performance.now()
