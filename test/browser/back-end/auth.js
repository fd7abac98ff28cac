import { AsyncLocalStorage } from 'node:async_hooks'

/** The cookies of the request that is answered. Next.js hands them to nobody either. */
export const cookies = new AsyncLocalStorage()

/** The sign-in of somebody's application in Next.js, shaped as that of Auth.js. */
export async function auth () {
  return cookies.getStore() === 'session=tom' ? { user: { id: 42 } } : null
}
