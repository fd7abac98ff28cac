import { refusal, type Fault } from '../../errors.ts'
import { urlFault } from '../../net/urls.ts'

export const NOTIFICATION_SCHEMES = ['https', 'http'] as const
/** Parameters that name where Cloudinary is to call. */
export const NOTIFICATIONS = ['notification_url', 'eager_notification_url'] as const

/** A channel that the account polls; nothing is sent anywhere. Source: Cloudinary, "notifications". */
const POLL = /^poll:\/\//i
const CHANNEL = /^poll:\/\/(?:\*|[\w.~-]{1,255})$/i

/** Where notifications may go. A policy may name hosts; the sandbox reaches what this machine reaches. */
export interface NotificationRules { readonly sandbox: boolean, readonly hosts?: readonly string[] | undefined }

/** Returns why a notification may not go there. A policy that lists hosts allows no channels. */
function notificationFault (text: string, { sandbox, hosts }: NotificationRules): string | undefined {
  if (hosts === undefined && POLL.test(text)) {
    return CHANNEL.test(text) ? undefined : 'must read poll:// and the name of a channel, or poll://*'
  }
  const reach = { privateHosts: sandbox, anyPort: sandbox }
  return urlFault(text, { schemes: NOTIFICATION_SCHEMES, ...reach, ...(hosts && { hosts }) })
}

/** @throws {GatewayError} `url_not_allowed` that names every notification of these parameters that may not go where it would. */
export function requireNotifications (
  parameters: Readonly<Record<string, unknown>>, rules: NotificationRules
): void {
  const errors: Fault[] = []
  for (const name of NOTIFICATIONS) {
    const text = parameters[name]
    const message = typeof text === 'string' ? notificationFault(text, rules) : undefined
    if (message !== undefined) errors.push({ pointer: `/${name}`, message })
  }
  if (errors.length > 0) throw refusal('url_not_allowed', errors)
}
