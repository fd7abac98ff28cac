import type { Asset, Fields, Rules, UploaderOptions } from './client.ts'
import { ATTRIBUTES, defineProperties, takeEarlyProperties } from './element/attributes.ts'
import { Panel } from './element/panel.ts'
import type { Texts } from './element/words/texts-en.ts'

export type { Texts } from './element/words/texts-en.ts'
export type { Asset, Fields, Rules, UploaderOptions } from './client.ts'

/** Servers that render pages have no HTMLElement: the module loads there, but defines nothing. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement)

/**
 * `<cloudinary-upload signature-url="/signature" name="photos" multiple>`: a form field that uploads. Its value is the
 * public IDs of what people upload.
 *
 * | attribute (property) | meaning |
 * |---|---|
 * | `signature-url` (`signatureUrl`) | `POST /signature` of the gateway, or a route of the page's own back end |
 * | `folder`, `tags`, `upload-preset` or `preset`, `resource-type` | are signed; `fields` holds any others |
 * | `multiple`, `max-files`, `accept` | how many files, and which |
 * | `name`, `required`, `disabled` | as in every form; each public ID is an entry of the form under `name` |
 * | `locale` | language: English, German or Arabic. Default: that of the nearest `lang` |
 * | `via` | `gateway` sends files through `POST /direct-upload` |
 * | `rules-url` | where the rules are read. Default: `signature/rules` beside the signature URL |
 * | `sources` | some of `file camera url`. Default: all of them |
 *
 * | property | meaning |
 * |---|---|
 * | `headers` | for the gateway or the own back end, or a function that returns them; never for Cloudinary |
 * | `sign`, `options` | as in `createUploader` |
 * | `rules` | the answer of `GET /signature/rules`, where the page knows it already |
 * | `texts` | replaces texts one by one, in any language |
 * | `value`, `assets` | public IDs, and what Cloudinary answered about them; both may be set |
 * | `files` | chosen files, in order |
 *
 * Events bubble. `file` is the URL where a link was given:
 *
 * | event | `detail` |
 * |---|---|
 * | `change` | `{ value, assets }` |
 * | `progress` | `{ file, state, loaded, total, bytesPerSecond, secondsLeft, all: { loaded, total } }` |
 * | `uploaded` | `{ file, asset }` |
 * | `failed` | `{ file, error }` |
 *
 * Styles: custom properties `--cg-bg`, `--cg-surface`, `--cg-line`, `--cg-text`, `--cg-muted`, `--cg-accent`,
 * `--cg-on-accent`, `--cg-good`, `--cg-warn`, `--cg-bad`, `--cg-radius`, `--cg-radius-control`,
 * `--cg-radius-thumbnail`, `--cg-font` and `--cg-mono`; parts `field`, `invite`, `button`, `primary`, `quiet`,
 * `icon-button`, `rules`, `note`, `total`, `list`, `row`, `thumbnail`, `name`, `bar`, `state`, `sentence`, `panel`,
 * `link`, `veil`. Dark follows the system, or the nearest `data-theme`.
 *
 * Uploads go on while an element is moved within the page. An element that is removed aborts its uploads.
 */
export class CloudinaryUpload extends Base {
  static readonly formAssociated = true
  static readonly observedAttributes = ATTRIBUTES

  declare signatureUrl: string
  declare rulesUrl: string
  declare via: string
  declare folder: string
  declare tags: string
  declare uploadPreset: string
  declare preset: string
  declare resourceType: string
  declare accept: string
  declare sources: string
  declare name: string
  declare locale: string
  declare maxFiles: string | number
  declare multiple: boolean
  declare disabled: boolean
  declare required: boolean

  declare headers: UploaderOptions['headers']
  declare sign: UploaderOptions['sign']
  declare options: Partial<UploaderOptions> | undefined
  declare fields: Fields | undefined
  declare rules: Rules | undefined
  declare texts: Texts | undefined

  readonly #internals = this.attachInternals()
  readonly #panel = new Panel(this, this.#internals)
  #themes: MutationObserver | undefined

  get assets (): Asset[] { return this.#panel.queue.assets }
  set assets (assets) {
    this.#panel.queue.replace(assets)
    this.#panel.form.keepValue()
    this.#panel.changed()
  }

  get value (): string[] { return this.assets.map(({ public_id: id }) => id) }
  set value (ids) { this.assets = ids.map((id) => ({ public_id: id }) as Asset) } // no more is known of them

  get files (): File[] {
    return this.#panel.queue.rows.flatMap(({ source }) => source instanceof File ? source : [])
  }

  get form (): HTMLFormElement | null { return this.#internals.form }
  get validity (): ValidityState { return this.#internals.validity }
  checkValidity (): boolean { return this.#internals.checkValidity() }
  reportValidity (): boolean { return this.#internals.reportValidity() }

  /** Uploads files, or what http(s) URLs lead to, as if they had been chosen. */
  upload (files: Iterable<Blob | string> | Blob | string): void {
    const list = typeof files === 'string' || files instanceof Blob ? [files] : [...files]
    this.#panel.take(list)
  }

  pauseAll (): void { this.#panel.queue.pause(...this.#panel.queue.rows) }
  resumeAll (): void { this.#panel.queue.resume(...this.#panel.queue.rows) }
  /** Aborts running and waiting uploads. */
  cancelAll (): void { this.#panel.cancelAll() }
  /** Empties the list and aborts its uploads. Stored assets stay stored. */
  clear (): void { this.#panel.queue.remove(...this.#panel.queue.rows) }

  connectedCallback (): void {
    this.#internals.role = 'group' // so that its label is said
    takeEarlyProperties(this)
    this.#themes = new MutationObserver(() => { this.#panel.changed() })
    this.#themes.observe(document, { subtree: true, attributeFilter: ['data-theme', 'lang'] })
    this.#panel.configure()
    this.#panel.draw()
  }

  disconnectedCallback (): void {
    this.#themes?.disconnect()
    setTimeout(() => { if (!this.isConnected) this.cancelAll() })
  }

  attributeChangedCallback (): void { if (this.isConnected) this.#panel.configure() }

  formDisabledCallback (isDisabled: boolean): void {
    this.#panel.isDisabledByForm = isDisabled
    this.#panel.changed()
  }

  formResetCallback (): void { this.clear() }

  formStateRestoreCallback (state: string): void {
    this.assets = JSON.parse(state) as Asset[] // as it was given to the form
  }
}

declare global {
  interface HTMLElementTagNameMap { 'cloudinary-upload': CloudinaryUpload }
}

if (globalThis.customElements && !customElements.get('cloudinary-upload')) {
  defineProperties(CloudinaryUpload.prototype)
  customElements.define('cloudinary-upload', CloudinaryUpload)
}
