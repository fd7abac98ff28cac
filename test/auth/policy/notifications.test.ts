import t from 'tap'
import { requireNotifications } from '../../../src/auth/policy/notifications.ts'

t.test('422 that names every URL that is not taken', async (t) => {
  const outside = { sandbox: false }
  t.doesNotThrow(() => requireNotifications({ notification_url: 'https://example.com' }, outside))
  t.doesNotThrow(() => requireNotifications({ notification_url: 'http://10.0.0.1:3000' }, { sandbox: true }), 'the sandbox reaches what this machine reaches')
  t.doesNotThrow(() => requireNotifications({ public_id: 'http://10.0.0.1', notification_url: undefined }, outside))
  t.throws(() => requireNotifications({ notification_url: 'https://example.com' }, { sandbox: true, hosts: ['hooks.example.com'] }), { errors: [{ pointer: '/notification_url', message: /hooks\.example\.com/ }] })
  for (const channel of ['poll://jobs', 'POLL://*']) {
    t.doesNotThrow(() => requireNotifications({ notification_url: channel }, outside), 'a channel that is polled')
    t.throws(() => requireNotifications({ notification_url: channel }, { sandbox: true, hosts: ['jobs'] }), { errors: [{ pointer: '/notification_url' }] }, 'is no host')
  }
  t.throws(() => requireNotifications({ eager_notification_url: 'poll://a/b' }, outside), { errors: [{ pointer: '/eager_notification_url', message: /name of a channel/ }] })
  t.throws(() => requireNotifications({ notification_url: 'http://10.0.0.1', eager_notification_url: 'file:///x', other: 'https://example.com' }, outside), {
    code: 'url_not_allowed',
    statusCode: 422,
    errors: [{ pointer: '/notification_url' }, { pointer: '/eager_notification_url' }]
  })
})
