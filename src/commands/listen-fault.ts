/** Says what keeps the process from listening: an address, the sandbox's folder or its packages; undefined for any other error. */
export function listenFault (error: unknown, host: string, port: number, variable: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  // The sandbox words these itself: its folder is in use or cannot be written, or optional packages are absent.
  if (/^The sandbox (?:folder|needs) /.test(error.message)) return error.message
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
