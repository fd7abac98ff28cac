import type { FolderTree } from './folder-tree.ts'
import { commit, journalKey, type Change, type Journal } from './journal.ts'
import { compareTexts, SortedSet } from './sorted-set.ts'

/** Kinds of records that a cloud keeps besides assets. */
export type DocumentKind =
  | 'preset' | 'transformation' | 'unnamed_transformation' | 'trigger' | 'folder'
  | 'metadata_field' | 'deleted_metadata_field'
  | 'chunked' | 'chunk_piece' | 'delete_token' | 'notification'
  | 'pending_upload' | 'pending_eager' | 'pending_explicit'

/** A document with its name, which is unique within its kind. */
export interface NamedDocument { kind: DocumentKind, name: string, value: unknown }
export type DocumentName = Omit<NamedDocument, 'value'>

type DocumentSet = SortedSet<Pick<NamedDocument, 'name'>, NamedDocument>

/** A change that memory shows and the journal does not yet. */
export interface Shown { readonly change: Change, readonly undo: () => void }

/** The documents of a cloud, each kind in the order of its names. */
export class Documents {
  readonly #cloud: string
  readonly #journal: Journal
  /** Counts folder documents, too. */
  readonly #folders: FolderTree
  readonly #kinds = new Map<DocumentKind, DocumentSet>()

  constructor (cloud: string, journal: Journal, folders: FolderTree) {
    this.#cloud = cloud
    this.#journal = journal
    this.#folders = folders
  }

  find ({ kind, name }: DocumentName): NamedDocument | undefined {
    return this.#kinds.get(kind)?.get({ name })
  }

  /** Reads those of a kind by name, from a name on. */
  of (kind: DocumentKind, from?: string, { descending = false } = {}): Iterable<NamedDocument> {
    return this.#kinds.get(kind)?.from(from === undefined ? undefined : { name: from }, { descending }) ?? []
  }

  /** Yields those of all kinds. */
  * all (): Iterable<NamedDocument> {
    for (const kind of this.#kinds.keys()) yield * this.of(kind)
  }

  async put (document: NamedDocument): Promise<void> {
    const { change, undo } = this.keep(document)
    await commit(this.#journal, [change], undo)
  }

  /** Removes some and writes others, all of it or nothing. */
  async exchange (gone: readonly DocumentName[], put: readonly NamedDocument[]): Promise<void> {
    const lost = gone.map((one) => this.find(one)).filter((one) => one !== undefined)
    for (const one of lost) this.#forget(one)
    const shown = put.map((one) => this.keep(one))
    const changes = [...lost.map((one) => ({ key: this.#keyOf(one) })), ...shown.map(({ change }) => change)]
    await commit(this.#journal, changes, () => {
      for (const { undo } of shown) undo()
      for (const one of lost) this.putBack(one)
    })
  }

  /** Takes one into memory, and returns the change to write. */
  keep (document: NamedDocument): Shown {
    const before = this.find(document)
    this.adopt(document)
    return {
      change: { key: this.#keyOf(document), value: JSON.stringify(document.value) },
      undo: () => {
        if (this.find(document) !== document) return
        if (before) this.adopt(before)
        else this.#forget(document)
      }
    }
  }

  /** @returns whether it was there. */
  async remove (named: DocumentName): Promise<boolean> {
    const before = this.find(named)
    if (!before) return false
    this.#forget(before)
    await commit(this.#journal, [{ key: this.#keyOf(named) }], () => { this.putBack(before) })
    return true
  }

  /** Takes one into memory only. */
  adopt (document: NamedDocument): void {
    const { kind, name } = document
    const known: DocumentSet = this.#kinds.get(kind) ??
      new SortedSet((one, other) => compareTexts(one.name, other.name))
    this.#kinds.set(kind, known)
    if (kind === 'folder' && !known.get(document)) this.#folders.add(name)
    known.add(document)
  }

  /** Restores one that was removed, unless another has taken its place. */
  putBack (document: NamedDocument): void { if (!this.find(document)) this.adopt(document) }

  #forget ({ kind, name }: DocumentName): void {
    const isGone = this.#kinds.get(kind)?.delete({ name })
    if (kind === 'folder' && isGone) this.#folders.remove(name)
  }

  #keyOf ({ kind, name }: DocumentName): string { return journalKey(this.#cloud, kind, name) }
}
