/** Cloudinary takes a signature for so long after its timestamp; nothing makes it live longer. Source: "authentication_signatures". */
export const SIGNATURE_LIFE_SECONDS = 3600
/** How far a caller's clock may be ahead of ours. */
export const CLOCK_AHEAD_SECONDS = 300
/** As seconds this lies in the year 5138; whoever sends so much means milliseconds. */
export const MILLISECONDS_FROM = 1e11
