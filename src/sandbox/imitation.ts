/**
 * How far something of the vendor's is imitated: in full, accepted without effect, or refused by name;
 * `assumed` where the vendor was not seen to do it, `deviates` where it does otherwise.
 */
export type Imitation = 'real' | 'ignored' | 'refused' | 'assumed' | 'deviates'
