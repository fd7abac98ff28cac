/**
 * Browsers upload straight to this API from any page, so the upload family answers any origin; the Admin API needs the
 * secret and no browser should have it. The vendor's exact values are not public.
 */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'X-Cld-Error, X-Request-Id, ETag, Content-Length'
} as const

export const PREFLIGHT_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'Content-Type, Content-Range, X-Requested-With, X-Unique-Upload-Id, Authorization, Cache-Control',
  'access-control-max-age': '1728000'
} as const
