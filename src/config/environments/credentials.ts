/** A string Cloudinary would never issue as a key, secret or cloud name: what was typed around it came along. */
const STRAY_CHARACTERS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^\uFEFF/, 'begins with a byte order mark'],
  [/["'`\u2018\u2019\u201C\u201D]/, 'has a quotation mark in it'],
  [/[\r\n]/, 'has a line end in it'],
  [/[\s\p{Cc}\p{Cf}]/u, 'has a blank or an invisible character in it'],
  [/[<>{}]/, 'still holds a placeholder']
]

/** Why text cannot be a credential, or hold one; undefined when it can. */
export function strayFault (text: string): string | undefined {
  return STRAY_CHARACTERS.find(([pattern]) => pattern.test(text))?.[1]
}

export interface Credentials {
  readonly cloudName: string
  readonly apiKey: string
  readonly apiSecret: string
}

/** One part of the credentials that is not what it should be. */
export interface PartFault {
  readonly part: keyof Credentials
  readonly reason: string
}

/**
 * Checks the three parts against each other. Cloudinary's keys are digits and its secrets are not,
 * so a key in the place of a secret is found before the first request is refused.
 */
export function credentialFaults ({ cloudName, apiKey, apiSecret }: Credentials): PartFault[] {
  const faults: PartFault[] = []
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(cloudName)) faults.push({ part: 'cloudName', reason: 'is no cloud name: letters, digits, - and _ only' })
  if (/[:@/]/.test(apiKey)) faults.push({ part: 'apiKey', reason: 'is no API key: it holds one of : @ /' })
  if (/^\d{12,}$/.test(apiSecret)) faults.push({ part: 'apiSecret', reason: 'looks like an API key; keys are digits, secrets are not' })
  else if (apiKey === apiSecret) faults.push({ part: 'apiSecret', reason: 'is the same as the API key' })
  return faults
}
