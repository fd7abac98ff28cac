import { refusal, type Fault } from '../../errors.ts'
import { urlFault } from '../../net/urls.ts'

export const NOTIFICATION_SCHEMES = ['https', 'http'] as const
/** Parameters that name where Cloudinary is to call. */
export const NOTIFICATIONS = ['notification_url', 'eager_notification_url'] as const

/** Where notifications may go. A policy may name hosts; the sandbox reaches what this machine reaches. */
export interface NotificationRules { readonly sandbox: boolean, readonly hosts?: readonly string[] | undefined }

/** @throws {GatewayError} `url_not_allowed` that names every notification of these parameters that may not go where it would. */
export function requireNotifications (parameters: Readonly<Record<string, unknown>>, { sandbox, hosts }: NotificationRules): void {
  const policy = { schemes: NOTIFICATION_SCHEMES, privateHosts: sandbox, anyPort: sandbox, ...(hosts && { hosts }) }
  const errors: Fault[] = []
  for (const name of NOTIFICATIONS) {
    const text = parameters[name]
    const message = typeof text === 'string' ? urlFault(text, policy) : undefined
    if (message !== undefined) errors.push({ pointer: `/${name}`, message })
  }
  if (errors.length > 0) throw refusal('url_not_allowed', errors)
}
