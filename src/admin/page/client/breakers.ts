/** The breakers, and the buttons that force them. */
import type { BreakerSnapshot } from '../../../core/events.ts'
import { breakerFigures, breakerSeverity, breakerState, bySeverity } from '../live/states.ts'
import { badge, setBadge } from './badge.ts'
import { cell, find, make, type Row, Rows, setAttribute, setText } from './dom.ts'

type Force = BreakerSnapshot['forced']

const FORCES: readonly [Force, string][] = [
  ['auto', 'auto'],
  ['closed', 'closed'],
  ['open', 'open'],
]

export class Breakers {
  readonly #rows: Rows<BreakerSnapshot>
  readonly #notice = find('#read-only')
  #readOnly = ''

  constructor() {
    const create = (breaker: BreakerSnapshot) => this.#make(breaker)
    this.#rows = new Rows(
      find('#breakers tbody'),
      ({ id }) => id,
      create,
      'None yet: a breaker is made by the first request it stands for.',
    )
  }

  /** Why nothing may be changed from here; ''. */
  allow(readOnly: string): void {
    this.#readOnly = readOnly
    this.#say(readOnly === '' ? '' : `Breakers cannot be forced from here: ${readOnly}.`)
  }

  show(breakers: readonly BreakerSnapshot[]): void {
    this.#rows.show([...breakers].sort((one, other) => bySeverity(breakerSeverity(one), breakerSeverity(other))))
  }

  #make({ id, service, key, scope, mode }: BreakerSnapshot): Row<BreakerSnapshot> {
    const state = badge()
    const figures = cell('Failing', { class: 'number' })
    const of = scopeText(scope, key)
    const shadow = mode === 'shadow' ? ', shadow' : ''
    const head = make('th', { scope: 'row' }, make('span', { text: service }), make('small', { text: of + shadow }))
    const buttons = FORCES.map(([force, text]) => this.#button(id, service, force, text))
    const group = make(
      'div',
      { class: 'choice', role: 'group', 'aria-label': `Force the breaker of ${service}` },
      ...buttons,
    )
    return {
      element: make('tr', { 'data-id': id }, head, cell('State', {}, state), figures, cell('Force', {}, group)),
      update: (breaker) => {
        setBadge(state, breakerSeverity(breaker), breakerState(breaker))
        setText(figures, breakerFigures(breaker))
        for (const [index, button] of buttons.entries()) {
          setAttribute(button, 'aria-pressed', String(FORCES[index]?.[0] === breaker.forced))
          button.disabled = this.#readOnly !== ''
          button.title = this.#readOnly
        }
      },
    }
  }

  #button(id: string, service: string, force: Force, text: string): HTMLButtonElement {
    const button = make('button', { type: 'button', text, 'data-force': force })
    button.addEventListener('click', () => void this.#force(id, service, force))
    return button
  }

  async #force(id: string, service: string, force: Force): Promise<void> {
    // The one choice of the three that refuses every request.
    if (
      force === 'open' &&
      !(await confirmed(
        `Every request to ${service} that this breaker stands for will be refused until it is set back.`,
      ))
    )
      return
    try {
      const response = await fetch(`/breakers/${encodeURIComponent(id)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ force }),
      })
      if (response.ok) return this.#say('')
      const { error } = (await response.json()) as { error?: { message?: string } }
      this.#say(`The breaker of ${service} was not forced: ${error?.message ?? `status ${response.status}`}.`)
    } catch {
      this.#say(`The breaker of ${service} was not forced: the sidecar does not answer.`)
    }
  }

  #say(text: string): void {
    this.#notice.hidden = text === ''
    setText(this.#notice, text)
  }
}

/** Several breakers of one service are told apart by the policy that states each. */
function scopeText(scope: BreakerSnapshot['scope'], key: string): string {
  if (key === '') return `per ${scope}`
  return scope === 'service' ? `per service, policy ${key}` : `${scope} ${key}`
}

function confirmed(text: string): Promise<boolean> {
  const dialog = find<HTMLDialogElement>('#confirm')
  setText(find('#confirm-text'), text)
  dialog.returnValue = 'no'
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
  })
}
