/** A flag that is on in wire text. */
export const isOn = (value: string | undefined): boolean => value === 'true' || value === '1'

/** A flag that was switched off. One that is absent has Cloudinary's default, or that of a preset. */
export const isOff = (value: string | undefined): boolean => value === 'false' || value === '0'
