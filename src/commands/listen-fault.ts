/** What to say when an address, or the sandbox's folder, is not to be had; undefined for any other error. */
export function listenFault (error: unknown, host: string, port: number, variable: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  // The sandbox words this itself: another process has the folder, or it cannot be written.
  if (error.message.startsWith('The sandbox folder ')) return error.message
  if (!('code' in error)) return undefined
  const place = `${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE': return `${place} is in use; set ${variable} to another port.`
    case 'EACCES': return `${place} may not be used by this user; set ${variable} to a port above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `${place} is no address of this machine.`
    default: return undefined
  }
}
