import { buildApp } from '../app.ts'
import { loadConfig } from '../config/config.ts'
import { withSandbox } from '../config/environments/sandbox-environments.ts'
import { EXIT, type Command } from './terminal.ts'

/** Prints the contract. Nothing is listened on and no variable is read: the document is the same everywhere. */
export const openapi: Command<{ json: boolean }> = async (terminal, { json }) => {
  const config = withSandbox(loadConfig({}), 'http://127.0.0.1:8081')
  const app = await buildApp({ config, version: terminal.version })
  try {
    terminal.out(json ? `${JSON.stringify(app.swagger(), null, 2)}\n` : await app.openapiYaml())
    return EXIT.done
  } finally {
    await app.close()
  }
}
