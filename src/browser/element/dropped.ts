/** Folders within folders are read this deep. */
const DEEPEST = 32

/** Returns every file of a drop, with those in its folders. Hidden files in folders are left out. */
export async function filesOf (transfer: DataTransfer): Promise<File[]> {
  // The list of items is emptied as soon as the event is over, so everything is taken from it first.
  const items = [...transfer.items].filter(({ kind }) => kind === 'file')
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
  const files = await Promise.all(entries.map(async (entry) => {
    if (!entry) return []
    return entry instanceof File ? [entry] : filesBelow(entry, 0)
  }))
  return files.flat()
}

/**
 * Returns the files below an entry. What cannot be read is left out, so that one folder does not spoil the
 * others.
 */
async function filesBelow (entry: FileSystemEntry, depth: number): Promise<File[]> {
  try {
    const { isFile, file } = entry as FileSystemFileEntry // or a folder, which has none
    if (isFile) return [await new Promise<File>((resolve, reject) => { file.call(entry, resolve, reject) })]
    if (depth > DEEPEST) return []
    const inside = (await entriesOf((entry as FileSystemDirectoryEntry).createReader())).filter(
      ({ name }) => !name.startsWith('.')
    )
    return (await Promise.all(inside.map((one) => filesBelow(one, depth + 1)))).flat()
  } catch {
    return []
  }
}

/** Returns all entries of a reader, which gives at most a hundred at once, and none at the end. */
async function entriesOf (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (some.length === 0) return all
    all.push(...some)
  }
}
