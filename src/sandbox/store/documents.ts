import type { FolderTree } from './folder-tree.ts'
import { commit, journalKey, type Change, type Journal } from './journal.ts'
import { compareTexts, SortedSet } from './sorted-set.ts'

/** What a cloud keeps besides assets, each kind by name. */
export const DOCUMENT_KINDS = [
  'preset', 'transformation', 'unnamed_transformation', 'metadata_field', 'deleted_metadata_field', 'folder', 'trigger',
  'chunked', 'chunk_piece', 'delete_token', 'pending_upload', 'pending_eager', 'pending_explicit', 'notification'
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** A document with its name, as it is written together with an asset. */
export interface NamedDocument { kind: DocumentKind, name: string, value: unknown }
type DocumentName = Omit<NamedDocument, 'value'>

/** A change that memory shows already: what is to be written for it, and how it is taken back. */
export interface Shown { readonly change: Change, readonly undo: () => void }

/** The documents of a cloud, each kind in the order of its names. */
export class Documents {
  readonly #cloud: string
  readonly #journal: Journal
  /** Those that were made by hand are among them. */
  readonly #folders: FolderTree
  readonly #kinds = new Map<DocumentKind, SortedSet<Pick<NamedDocument, 'name'>, NamedDocument>>()

  constructor (cloud: string, journal: Journal, folders: FolderTree) {
    this.#cloud = cloud
    this.#journal = journal
    this.#folders = folders
  }

  find ({ kind, name }: DocumentName): NamedDocument | undefined { return this.#kinds.get(kind)?.get({ name }) }

  /** All of a kind, by name, from a name on. */
  of (kind: DocumentKind, from?: string, { descending = false } = {}): Iterable<NamedDocument> {
    return this.#kinds.get(kind)?.from(from === undefined ? undefined : { name: from }, { descending }) ?? []
  }

  /** All of every kind. */
  * all (): Iterable<NamedDocument> {
    for (const kind of this.#kinds.keys()) yield * this.of(kind)
  }

  async put (document: NamedDocument): Promise<void> {
    const { change, undo } = this.keep(document)
    await commit(this.#journal, [change], undo)
  }

  /** Writes and removes several in one go. */
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

  /** Shows it from now on. */
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

  /** Takes it into memory only. */
  adopt (document: NamedDocument): void {
    const { kind, name } = document
    const known = this.#kinds.get(kind) ?? new SortedSet<Pick<NamedDocument, 'name'>, NamedDocument>((one, other) => compareTexts(one.name, other.name))
    this.#kinds.set(kind, known)
    if (kind === 'folder' && !known.get(document)) this.#folders.add(name)
    known.add(document)
  }

  /** As if it had never gone, unless another has taken its place. */
  putBack (document: NamedDocument): void { if (!this.find(document)) this.adopt(document) }

  #forget ({ kind, name }: DocumentName): void {
    const isGone = this.#kinds.get(kind)?.delete({ name })
    if (kind === 'folder' && isGone) this.#folders.remove(name)
  }

  #keyOf ({ kind, name }: DocumentName): string { return journalKey(this.#cloud, kind, name) }
}
