/**
 * Forms of a text by the plural category of `{n}`, as `Intl.PluralRules` names it. `other` is the fallback.
 */
export type PluralText = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
export type Text = string | PluralText

/**
 * Every text of the element, in English. A name that begins with `error.` ends with the code of a failure,
 * and its text is shown instead of what the server said. `{…}` stands for a value.
 */
export const ENGLISH = {
  label: 'File upload',
  invite: { one: 'Drop a file here, paste, or choose', other: 'Drop files here, paste, or choose' },
  choose: { one: 'Choose a file', other: 'Choose files' },
  more: 'Add files',
  another: 'Choose another file',
  camera: 'Take a photo',
  link: 'Use a link',
  linkLabel: 'Link to a file',
  linkStart: 'Upload',
  close: 'Close',
  linkWrong: 'Enter a link that begins with https://.',
  comma: ', ',
  image: 'Images',
  video: 'Videos',
  audio: 'Audio',
  upTo: { one: 'up to {size}', other: 'up to {size} each' },
  atMost: { one: 'at most {n} file', other: 'at most {n} files' },
  drop: { one: 'Drop 1 file', other: 'Drop {n} files' },
  dropLarge: { one: '{n} of {all} is too large', other: '{n} of {all} are too large' },
  dropForbidden: { one: '{n} of {all} is not allowed here', other: '{n} of {all} are not allowed here' },
  total: '{done} of {n}',
  loaded: '{loaded} of {total}',
  left: 'about {time} left',
  rowLeft: '{time} left',
  waiting: 'Waiting',
  signing: 'Preparing',
  uploading: 'Uploading',
  retrying: 'Trying again',
  paused: 'Paused',
  processing: 'Finishing',
  done: 'Uploaded',
  allDone: { one: '1 file uploaded', other: '{n} files uploaded' },
  allFailed: { one: '1 file failed', other: '{n} files failed' },
  allStarted: { one: 'Uploading 1 file', other: 'Uploading {n} files' },
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel',
  remove: 'Remove',
  retry: 'Try again',
  cancelAll: 'Cancel all',
  open: 'Open {name} in a new tab',
  details: 'Details',
  copy: 'Copy',
  copied: 'Copied',
  code: 'Code',
  request: 'Request ID',
  tooLarge: 'This file is {size}; up to {limit} is allowed here. Choose a smaller one.',
  forbidden: '{format} files are not allowed here. Choose {formats}.',
  forbiddenKind: 'This kind of file is not allowed here. Choose another one.',
  empty: 'This file is empty. Choose another one.',
  tooMany: {
    one: 'Only one file is allowed here.',
    other: 'At most {n} files are allowed here. Remove one to add another.'
  },
  missing: 'Choose a file.',
  unfinished: 'Wait until the uploads have ended.',
  closed: 'Uploads are closed here.',
  unset: 'This field has no signature-url. Set one.',
  'error.': 'The upload failed. Try again.',
  'error.network_failed': 'The server cannot be reached. Check your connection and try again.',
  'error.unauthorized': 'You are not signed in, or your session has expired. Sign in again, then try again.',
  'error.credentials_rejected': 'The server\'s account for uploads is refused. Tell whoever runs this site.',
  'error.unknown': 'No clear answer came, so the file may have arrived. Check before you send it again.'
} as const satisfies Record<string, Text>

export type TextName = keyof typeof ENGLISH
/**
 * A table in another language. Names that it lacks are English, but for errors, which then say what `error.`
 * says.
 */
export type Texts = Partial<Record<TextName, Text>> & Readonly<Record<`error.${string}`, Text>>
