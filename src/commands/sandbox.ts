import type { SandboxArguments } from './command-line.ts'
import { listenFault } from './listening.ts'
import { EXIT, type Command } from './terminal.ts'

const GRACE_SECONDS = 5

/** The `CLOUDINARY_URL` of a cloud of the sandbox, as the gateway and Cloudinary's own clients read it. */
export function cloudinaryUrl (sandboxUrl: string, { cloudName, apiKey, apiSecret }: SandboxArguments['clouds'][number]): string {
  const { host } = new URL(sandboxUrl)
  const [key, secret] = [apiKey, apiSecret].map(encodeURIComponent)
  return `cloudinary://${key}:${secret}@${cloudName}?upload_prefix=${sandboxUrl}&secure=false&cname=${host}`
}

/** Starts the sandbox alone and prints what to export. */
export const sandbox: Command<SandboxArguments> = async (terminal, options) => {
  const { startSandbox } = await import('../sandbox/index.ts')
  try {
    const running = await startSandbox({ ...options, clouds: [...options.clouds], samples: true })
    terminal.onShutdown(GRACE_SECONDS, () => running.close())
    for (const cloud of options.clouds) terminal.out(`export CLOUDINARY_URL='${cloudinaryUrl(running.url, cloud)}'\n`)
    terminal.err(`The sandbox answers at ${running.url}; Ctrl-C ends it.\n`)
    return undefined
  } catch (error) {
    const fault = listenFault(error, options.host, options.port, '--port')
    if (fault === undefined) throw error
    terminal.err(`${fault}\n`)
    return EXIT.occupied
  }
}
