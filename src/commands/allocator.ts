/** Twice this stays with the process. The most that glibc takes notice of is 32 MiB. */
const BLOCK_BYTES = 8 * 1024 ** 2

/**
 * Teaches the C library to keep freed memory for a while. glibc gives the end of its heap back to the system whenever
 * 128 KiB of it are free, so that a stream of 64 KiB buffers costs a page fault for every 4 KiB of it, a third of all
 * the CPU time of an upload. It raises that bound to twice the largest block it has seen freed: so one is asked for,
 * never written to (it takes no memory) and left to the collector. Other C libraries take no notice.
 * Source: mallopt(3), "M_MMAP_THRESHOLD" and "M_TRIM_THRESHOLD".
 */
export function keepFreedMemory (): void { Buffer.allocUnsafeSlow(BLOCK_BYTES) }
