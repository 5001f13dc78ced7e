/** A state as a word with a mark: never by its colour alone. */
import type { Severity } from '../live/states.ts'
import { make, setClass, setText } from './dom.ts'

export function badge(severity: Severity = 'plain', text = ''): HTMLElement {
  return make('span', { class: `badge ${severity}`, text })
}

export function setBadge(element: Element, severity: Severity, text: string): void {
  setClass(element, `badge ${severity}`)
  setText(element, text)
}
