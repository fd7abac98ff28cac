/** Folders within folders are read this deep. */
const DEEPEST = 32

/** Every file of a drop, those in its folders included. Hidden ones in folders are left out. */
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

/** What cannot be read is left out: a folder without permission does not spoil the others. */
async function filesBelow (entry: FileSystemEntry, depth: number): Promise<File[]> {
  try {
    const { isFile, file } = entry as FileSystemFileEntry // or a folder, which has none
    if (isFile) return [await new Promise<File>((resolve, reject) => { file.call(entry, resolve, reject) })]
    if (depth > DEEPEST) return []
    const inside = (await entriesOf((entry as FileSystemDirectoryEntry).createReader())).filter(({ name }) => !name.startsWith('.'))
    return (await Promise.all(inside.map((one) => filesBelow(one, depth + 1)))).flat()
  } catch {
    return []
  }
}

/** A reader answers at most a hundred entries at once, and none when it has answered all. */
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
