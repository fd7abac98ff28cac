import fc from 'fast-check'

/** A flag of a form, as text. */
export const flag = fc.constantFrom('true', 'false')

/** The parameters that bring parts of the public ID, beside the file's own name: a model for `fc.record`. */
export function namingParameters (place: fc.Arbitrary<string>, fileName: fc.Arbitrary<string>) {
  return {
    public_id: place,
    folder: place,
    public_id_prefix: place,
    asset_folder: place,
    use_asset_folder_as_public_id_prefix: flag,
    use_filename: flag,
    unique_filename: flag,
    filename_override: fileName
  }
}
