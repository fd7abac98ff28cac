import {
  createUploader, type Upload, type Uploader, type UploaderOptions, type UploadOptions
} from '../client.ts'
import { nearest } from './attributes.ts'
import { FormField } from './form-field.ts'
import { listenForFiles, type DropTarget, type Veil } from './drag.ts'
import { acceptOf, resourceTypeOf, type Limits } from './limits.ts'
import { refused, type Shown } from './problem.ts'
import { Queue, type Owner } from './queue.ts'
import { isActive, type Row } from './row.ts'
import { RulesSource } from './rules-source.ts'
import type { Settings } from './settings.ts'
import { Surface } from './drawing/surface.ts'
import { Thumbnails, webUrl } from './drawing/thumbnails.ts'
import { view, type Source } from './drawing/view.ts'
import { loadTable, Words } from './words/words.ts'

/** Runs what is inside an element: its files, its rules and what is drawn of them. */
export class Panel implements Owner, DropTarget {
  readonly queue = new Queue(this)
  readonly shadow: Surface
  readonly host: HTMLElement & Settings
  readonly form: FormField
  isDisabledByForm = false
  readonly #rules = new RulesSource()
  readonly thumbnails = new Thumbnails(() => { this.changed() })
  #uploader: Uploader | undefined
  #target = ''
  #warned = ''
  #words: Words | undefined
  #frame = 0
  noted = ''
  veil: Veil | undefined
  isLinkOpen = false
  linkFault = ''

  constructor (host: HTMLElement & Settings, internals: ElementInternals) {
    this.host = host
    this.form = new FormField(internals, this)
    this.shadow = new Surface(host, (files) => { this.take(files) }, () => { this.changed() })
    listenForFiles(host, this)
  }

  get words (): Words {
    const { texts } = this.host
    const known = this.#words
    if (known?.asked === this.#locale && known.own === texts) return known
    this.#words = new Words(this.#locale, texts)
    return this.#words
  }

  get #locale (): string {
    return this.host.locale || nearest(this.host, 'lang') || 'en'
  }

  get limits (): Limits {
    const { accept, multiple, maxFiles, rules = this.#rules.rules } = this.host
    return { accept, maxFiles: multiple ? Math.floor(Number(maxFiles)) || Infinity : 1, rules }
  }

  get isDisabled (): boolean { return this.isDisabledByForm || this.host.disabled }

  offers (source: Source): boolean {
    const { sources } = this.host
    return !sources || sources.split(/[\s,]+/).includes(source)
  }

  get isOpen (): boolean {
    return !this.isDisabled && !this.closed && !this.queue.isFull
  }

  get closed (): Shown | undefined {
    const { signatureUrl, sign, rules } = this.host
    if (!signatureUrl && !sign) return refused(this.words.text('unset'))
    if (rules) return rules.allowed === false ? refused(rules.reason ?? this.words.text('closed')) : undefined
    return this.#rules.closed(this.words)
  }

  /**
   * Applies changed settings to later uploads, and requests the rules again when they may differ. New
   * functions and objects alone do not count: frameworks pass new ones at every rendering.
   */
  configure (isForced = false): void {
    const { signatureUrl, rulesUrl, via, options, sign } = this.host
    const target = JSON.stringify([signatureUrl, rulesUrl, via, options, !sign])
    if (target !== this.#target) this.#uploader = undefined
    if (isForced || target !== this.#target || !this.#rules.isKnown) this.#rules.reset()
    this.#target = target
    // Properties are set one after another, so the rules are requested once all of them have been.
    queueMicrotask(() => { if (this.host.isConnected) this.ready() })
    this.form.keepValue()
    this.changed()
  }

  #getUploader (): Uploader {
    const host = this.host
    const { signatureUrl, rulesUrl, via, options, sign } = host
    this.#uploader ??= createUploader({
      ...options,
      signatureUrl: signatureUrl || undefined,
      rulesUrl: rulesUrl || undefined,
      via: via || undefined,
      sign: sign && ((...call) => (host.sign ?? sign)(...call)),
      headers: () => typeof host.headers === 'function' ? host.headers() : host.headers ?? {}
    } as UploaderOptions) // undefined stands for what is absent
    return this.#uploader
  }

  async ready (): Promise<void> {
    const { rules, rulesUrl, signatureUrl } = this.host
    if (rules || !(rulesUrl || signatureUrl)) return
    await this.#rules.ask(() => this.#getUploader())
    const warning = this.#rules.warning(this.words)
    if (warning !== this.#warned) this.note(warning)
    this.#warned = warning
    this.changed()
  }

  start ({ source, type }: Row, options: UploadOptions): Upload {
    const { fields, folder, tags, uploadPreset, preset, resourceType } = this.host
    const { rules } = this.limits
    // Where the rules allow a single folder, the page need not name it.
    const place = folder || rules?.folder?.patterns.find((pattern) => !pattern.includes('*'))
    return this.#getUploader().upload(source ?? '', {
      ...options,
      // JSON leaves out what is undefined.
      fields: {
        resource_type: resourceType || resourceTypeOf(type, rules?.resource_types),
        folder: place,
        tags: tags.match(/[^\s,]([^,]*[^\s,])?/g) ?? undefined,
        upload_preset: uploadPreset || preset || undefined,
        ...fields
      }
    })
  }

  take (sources: ReadonlyArray<Blob | string>): void {
    if (sources.length === 0) return this.note(this.words.text('missing'))
    this.queue.add(sources)
    this.draw()
    this.shadow.show('li:last-child')
  }

  valueChanged (): void {
    const { assets, value } = this.host
    this.form.keepValue()
    this.emit('change', { value, assets })
  }

  emit (name: string, detail: object): void {
    this.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  announce (text: string): void {
    this.shadow.say(text)
  }

  note (text: string): void {
    this.noted = text
    if (text) this.announce(text)
    this.changed()
  }

  showVeil (veil: Veil | undefined): void {
    if (this.veil?.text === veil?.text) return
    this.veil = veil
    this.changed()
  }

  /** Schedules one drawing for the next frame. */
  changed (): void {
    this.#frame ||= requestAnimationFrame(() => { this.draw() })
  }

  draw (): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const loading = loadTable(this.#locale)
    if (!loading) {
      this.thumbnails.keep(this.queue.rows)
      this.shadow.draw(view(this))
    }
    this.form.updateForm()
    loading?.then(() => {
      this.#words = undefined
      this.configure()
    })
  }

  openLink (isOpen: boolean): void {
    this.isLinkOpen = isOpen
    this.linkFault = ''
    this.draw()
    this.shadow.focus(isOpen ? '#link' : 'button')
  }

  takeLink (): void {
    const url = webUrl(this.shadow.linkText)
    this.linkFault = url ? '' : this.words.text('linkWrong')
    if (url) {
      this.openLink(false)
      this.take([url])
    } else {
      this.shadow.focus('#link')
      this.changed()
    }
  }

  choose (isCamera = false): void {
    if (!this.isOpen) return
    this.shadow.focus('#choose')
    const { limits } = this
    this.shadow.pick(isCamera ? limits.accept || 'image/*' : acceptOf(limits), limits.maxFiles > 1, isCamera)
  }

  /** Shows or hides the details of a problem. */
  toggle (row: Row): void {
    row.isOpen = !row.isOpen
    this.draw()
    this.shadow.show(`#d${row.id}`)
  }

  cancelAll (): void {
    this.queue.remove(...this.queue.rows.filter(isActive))
  }
}
