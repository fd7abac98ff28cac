/** @param {string} text As one word of a POSIX shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** @param {string} text In double quotes, as curl reads the name of a file. */
const fileName = (text) => (/[;,"\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text)

/** @param {readonly [name: string, value: string | File]} part @returns {readonly string[]} */
function formPart ([name, value]) {
  // Values that begin with @ or < would be read from a file by -F.
  if (typeof value === 'string') {
    return [/^[@<]|;/.test(value) ? '--form-string' : '-F', quoted(`${name}=${value}`)]
  }
  return ['-F', quoted(`${name}=@${fileName(value.name)}`)]
}

/**
 * The command line that sends the request. The key stays in a variable of the shell, so that none is copied.
 * @param {import('./request.js').Sendable} request
 * @param {{ withKey: boolean, expectsFile?: boolean }} options
 * @returns {string}
 */
export function curlOf ({ method, url, headers, form, bytes, json }, { withKey, expectsFile = false }) {
  const hasBody = form !== undefined || bytes !== undefined || json !== undefined
  const implied = hasBody ? 'POST' : 'GET'
  const missing = expectsFile && !form?.some(([, value]) => typeof value !== 'string')
  const lines = [
    method === implied ? `curl ${quoted(url)}` : `curl -X ${method} ${quoted(url)}`,
    ...(withKey ? ['-H "Authorization: Bearer $KEY"'] : []),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(form ?? []).map((part) => formPart(part).join(' ')),
    ...(form !== undefined && missing ? ['-F file=@FILE'] : []),
    ...(bytes === undefined ? [] : [`--data-binary ${quoted(`@${bytes === null ? 'FILE' : bytes.name}`)}`]),
    ...(json === undefined ? [] : [`-d ${quoted(json)}`])
  ]
  return lines.join(' \\\n  ')
}
