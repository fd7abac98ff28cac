/** How far something of the vendor's is imitated: in full, accepted without effect, or refused by name. */
export type Imitation = 'real' | 'ignored' | 'refused'
