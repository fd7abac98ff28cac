export type ResourceTypeName = 'image' | 'video' | 'raw'
/** How an asset is stored and delivered: `type` on the wire. */
export type DeliveryTypeName = 'upload' | 'private' | 'authenticated'
