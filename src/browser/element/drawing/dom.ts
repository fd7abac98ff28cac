/** Attributes of an element, its listeners as `onclick`, and its `style` as text. */
export type Attributes = Readonly<Record<string, unknown>>
export type Child = Drawn | string | false | undefined

/** Description of an element. `kind` is its tag and its fixed classes (`a.b`), by which it is found again. */
export interface Drawn {
  readonly kind: string
  readonly props: Attributes
  readonly children: readonly Child[]
}

export const h = (kind: string, props: Attributes = {}, ...children: readonly Child[]): Drawn =>
  ({ kind, props, children })

const drawn = new WeakMap<Node, Drawn>()

function make ({ kind }: Drawn): Element {
  const [tag = '', ...classes] = kind.split('.')
  const element = /^(svg|path)$/.test(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag)
  // Pages style by the same names: `::part(row)`.
  if (classes[0]) for (const name of ['class', 'part']) element.setAttribute(name, classes.join(' '))
  return element
}

/** Sets by script what a strict content security policy refuses as an attribute: listeners and styles. */
function set (element: Element, name: string, value: unknown): void {
  if (name.startsWith('on')) Object.assign(element, { [name]: value })
  else if (name === 'style') (element as HTMLElement).style.cssText = String(value)
  else if (value === undefined || value === false) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}

const isThe = (node: Node, child: Drawn | string): boolean => typeof child === 'string'
  ? node.nodeType === Node.TEXT_NODE
  : drawn.get(node)?.kind === child.kind && drawn.get(node)?.props['id'] === child.props['id']

/** Makes an element and its content match a description. Elements of the same kind and ID stay. */
export function draw (element: Element, now: Drawn): void {
  const before = drawn.get(element)?.props ?? {}
  for (const [name, value] of Object.entries({ ...before, ...now.props })) {
    const wanted = name in now.props ? value : undefined
    if (before[name] !== wanted) set(element, name, wanted)
  }
  drawn.set(element, now)
  let at = element.firstChild
  for (const child of now.children) {
    if (!child) continue
    let found = at
    while (found && !isThe(found, child)) found = found.nextSibling
    const node = found ?? element.insertBefore(typeof child === 'string' ? new Text() : make(child), at)
    // The nodes before the one that was found are not in the description any more.
    if (found) while (at !== found) at = removed(at)
    if (typeof child !== 'string') draw(node as Element, child) // made by `make`, as its kind tells
    else if (node.nodeValue !== child) node.nodeValue = child
    at = node.nextSibling
  }
  while (at) at = removed(at)
}

function removed (node: ChildNode | null): ChildNode | null {
  const next = node?.nextSibling ?? null
  node?.remove()
  return next
}
