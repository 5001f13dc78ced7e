/** What the views do to the document: as little as possible each second, so that focus, selection and scrolling stay. */

/** The one element that `selector` names; it stands in page.html. */
export function find<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector)
  if (found === null) throw new Error(`page.html has no ${selector}`)
  return found
}

export interface Looks {
  readonly class?: string
  readonly text?: string
  readonly title?: string
  /** Further attributes. */
  readonly [name: string]: string | undefined
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  looks: Looks = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(looks)) {
    if (value === undefined) continue
    if (name === 'text') element.textContent = value
    else element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export function setClass(element: Element, name: string): void {
  if (element.className !== name) element.className = name
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** One row of a list that is kept. */
export interface Row<T> {
  readonly element: HTMLElement
  update(item: T): void
}

/** Elements for items, by key: an item that stays keeps its element, and with it the focus and what was opened there. */
export class Rows<T> {
  readonly #parent: Element
  readonly #key: (item: T) => string
  readonly #make: (item: T) => Row<T>
  readonly #empty: string
  #rows = new Map<string, Row<T>>()

  /** `empty` is said in a row of a table where there is no item; ''. */
  constructor(parent: Element, key: (item: T) => string, create: (item: T) => Row<T>, empty: string) {
    this.#parent = parent
    this.#key = key
    this.#make = create
    this.#empty = empty
  }

  show(items: readonly T[]): void {
    const rows = new Map<string, Row<T>>()
    const times = new Map<string, number>()
    for (const item of items) {
      const name = this.#key(item)
      const before = times.get(name) ?? 0
      times.set(name, before + 1)
      // Two that are called the same are two: one that was left out could be the one that is full.
      const key = before === 0 ? name : `${name}\n${before}`
      const row = this.#rows.get(key) ?? this.#make(item)
      row.update(item)
      rows.set(key, row)
    }
    this.#rows = rows
    this.#place([...rows.values()].map(({ element }) => element))
  }

  /** Moves only what is in the wrong place: an element that is taken out loses its focus, and is given it back. */
  #place(elements: readonly HTMLElement[]): void {
    const focused = document.activeElement
    const wanted = elements.length > 0 || this.#empty === '' ? elements : [this.#nothing()]
    const set = new Set<Element>(wanted)
    for (const child of [...this.#parent.children]) if (!set.has(child)) child.remove()
    let next = this.#parent.firstElementChild
    for (const element of wanted) {
      if (element === next) next = next.nextElementSibling
      else this.#parent.insertBefore(element, next)
    }
    if (focused === document.activeElement || !this.#parent.contains(focused)) return
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  }

  #nothing(): HTMLElement {
    const shown = this.#parent.querySelector<HTMLElement>(':scope > .nothing')
    if (shown !== null) return shown
    return make('tr', { class: 'nothing' }, make('td', { colspan: '9', text: this.#empty }))
  }
}

/** A cell; `label` is its column's head, said beside it where the page is too narrow for columns. */
export function cell(label: string, looks: Looks = {}, ...children: readonly Node[]): HTMLTableCellElement {
  return make('td', { 'data-label': label, ...looks }, ...children)
}
