import { setFlagsFromString } from 'node:v8'

/** Twice this stays with the process. The most that glibc takes notice of is 32 MiB, its own bookkeeping included. */
const BLOCK_BYTES = 31 * 1024 ** 2

/**
 * Teaches the C library to keep freed memory for a while. glibc gives the end of its heap back to the system whenever
 * 128 KiB of it are free, so that a stream of 64 KiB buffers costs a page fault for every 4 KiB of it. It raises that
 * bound to twice the largest block it has seen freed: so one is asked for, never written to (it takes no memory) and
 * left to the collector. The bound must be above what one collection frees, which is up to 32 MiB of buffers. Other C
 * libraries take no notice.
 * Source: mallopt(3), "M_MMAP_THRESHOLD" and "M_TRIM_THRESHOLD".
 */
export function keepFreedMemory (): void { Buffer.allocUnsafeSlow(BLOCK_BYTES) }

/** The heap may grow by this much, in percent of what lives, before all of it is searched. */
const GROWING_PERCENT = 300

/**
 * Lets the heap grow as much after V8 has made it smaller as at any other time. V8 does that when little happens, and once
 * a process is up for a while, and lets it grow by little from then on. It counts the buffers of uploads as growth, and
 * they are more than that: so it would search the whole heap about thirty times per GiB. The limit of the heap still holds.
 */
export function growSteadily (): void { setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`) }

/**
 * Lets every object begin among the young ones, of which V8 drops the unused at no cost. It would let a kind begin among the
 * old when nearly all of its kind were alive at one collection, and of requests that arrive together many are. From then
 * on each of them that holds a request would keep it in memory until all of the heap is searched.
 */
export function beginYoung (): void { setFlagsFromString('--no-allocation-site-pretenuring') }
