const LINE_END = /\r\n|\r|\n/g
const hasLineEnd = (text: string): boolean => text.includes('\n') || text.includes('\r')

/** Writes line ends as every HTML form sends them: CR LF. Source: HTML, "multipart form data". */
export function withFormLineEnds (text: string): string {
  return hasLineEnd(text) ? text.replace(LINE_END, '\r\n') : text
}

/** The text before a form made CR LF of its line ends. */
export const withoutFormLineEnds = (text: string): string => text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text
