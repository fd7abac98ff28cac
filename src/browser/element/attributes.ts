/** Attributes that hold a text. Each is a property too: `signature-url` is `signatureUrl`. */
const TEXTS = [
  'signature-url', 'rules-url', 'via', 'folder', 'tags', 'upload-preset', 'preset', 'resource-type', 'accept',
  'sources', 'name', 'locale', 'max-files'
]
const FLAGS = ['multiple', 'disabled', 'required']
/** Properties that no attribute can hold. */
const VALUES = ['headers', 'sign', 'fields', 'options', 'rules', 'texts']

export const ATTRIBUTES: readonly string[] = [...TEXTS, ...FLAGS, 'lang']

/** An element that hears of changed properties by the method that the browser calls for attributes. */
interface Reflecting extends HTMLElement { attributeChangedCallback (): void }
type Getter = (this: Reflecting) => unknown
type Setter = (this: Reflecting, value: unknown) => void

const values = new WeakMap<object, Record<string, unknown>>()

/** Makes each attribute a property too, as built-in elements do, and reports each property that is set. */
export function defineProperties (prototype: Reflecting): void {
  const property = (name: string, get: Getter, set: Setter): void => {
    Object.defineProperty(prototype, name, { get, set, enumerable: true })
  }
  for (const attribute of TEXTS) {
    const name = attribute.replace(/-(.)/, (_all, letter: string) => letter.toUpperCase())
    property(name, function () { return this.getAttribute(attribute) ?? '' }, function (value) {
      if (value ?? false) this.setAttribute(attribute, String(value))
      else this.removeAttribute(attribute)
    })
  }
  for (const flag of FLAGS) {
    property(flag, function () { return this.hasAttribute(flag) }, function (value) {
      this.toggleAttribute(flag, Boolean(value))
    })
  }
  for (const name of VALUES) {
    property(name, function () { return values.get(this)?.[name] }, function (value) {
      values.set(this, { ...values.get(this), [name]: value })
      this.attributeChangedCallback()
    })
  }
}

/** Passes properties that a page set before the definition to the accessors, which they would hide. */
export function takeEarlyProperties (element: HTMLElement): void {
  const early = element as unknown as Record<string, unknown> // properties that are known by name alone
  for (const name of Object.keys(element)) {
    if (!(name in Object.getPrototypeOf(element))) continue
    const value = early[name]
    delete early[name]
    early[name] = value
  }
}

/** Returns the nearest value of an attribute, across shadow trees; empty when there is none. */
export function nearest (element: Element, attribute: string): string {
  const found = element.closest(`[${attribute}]`)
  if (found) return found.getAttribute(attribute) ?? ''
  const root = element.getRootNode()
  return root instanceof ShadowRoot ? nearest(root.host, attribute) : ''
}
