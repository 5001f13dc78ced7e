/** The last exchanges that were not plain, each with its attempts; or, folded, each kind of them. */
import type { EndedExchange } from '../../../telemetry/ended/record.ts'
import type { Ended } from '../live/frame.ts'
import { Kinds } from '../live/kinds.ts'
import { attemptOutcome, outcomeOf, SEVERITIES, statusOf } from '../live/requests.ts'
import { find, make, Rows, setText } from './dom.ts'
import { requestRow, type Shown } from './request-row.ts'

const KEPT = 100

export class Requests {
  readonly #rows = new Rows<Shown>(find('#requests tbody'), ({ id }) => id, requestRow, 'None.')
  readonly #form = find<HTMLFormElement>('#requests-filter')
  readonly #count = find('#requests-count')
  readonly #kinds = new Kinds()
  /** Newest first. */
  #single: Shown[] = []
  #total = 0
  #folded = true
  /** What is shown while it is held, and how many there were then. */
  #held: { readonly all: readonly Shown[]; readonly total: number } | undefined

  constructor() {
    const outcomes = find<HTMLSelectElement>('select', this.#form)
    for (const outcome of Object.keys(SEVERITIES)) {
      if (outcome !== 'plain') outcomes.append(make('option', { text: outcome, value: outcome }))
    }
    this.#form.addEventListener('input', () => this.#show())
    this.#form.addEventListener('submit', (event) => event.preventDefault())
    this.#switch('fold', () => {
      this.#held = undefined
      find('button[name=hold]', this.#form).setAttribute('aria-pressed', 'false')
      this.#folded = !this.#folded
      return this.#folded
    })
    this.#switch('hold', () => {
      this.#held = this.#held === undefined ? { all: this.#all(), total: this.#total } : undefined
      return this.#held !== undefined
    })
    this.#show()
  }

  /** What comes is of another process, which began to count anew. */
  forget(): void {
    this.#single = []
    this.#kinds.clear()
    this.#total = 0
    if (this.#held !== undefined) this.#held = { ...this.#held, total: 0 }
  }

  take({ count, records }: Ended): void {
    // Another process, too, of a version that does not say when it began.
    if (count < this.#total) this.forget()
    // A stream that was opened again tells of all that are kept.
    const first = count - records.length
    const came = records.slice(Math.max(0, this.#total - first))
    const single = came.map((record, index) => ({
      id: String(count - came.length + index),
      record,
      count: 1,
      since: record.time,
    }))
    this.#total = count
    this.#single = [...single.reverse(), ...this.#single].slice(0, KEPT)
    this.#kinds.take(came)
    this.#show()
  }

  #switch(name: string, toggle: () => boolean): void {
    const button = find(`button[name=${name}]`, this.#form)
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(toggle()))
      this.#show()
    })
  }

  #all(): readonly Shown[] {
    if (!this.#folded) return this.#single
    return this.#kinds.list().map(({ id, newest, count, since }) => ({ id, record: newest, count, since }))
  }

  #show(): void {
    const data = new FormData(this.#form)
    const outcome = String(data.get('outcome'))
    const words = String(data.get('text')).toLowerCase().split(/\s+/)
    const all = this.#held?.all ?? this.#all()
    const shown = all.filter(({ record }) => {
      if (outcome !== '' && record.outcome !== outcome) return false
      const text = textOf(record)
      return words.every((word) => text.includes(word))
    })
    this.#rows.show(shown)
    const what = this.#folded ? `${shown.length} kinds` : `the last ${shown.length}`
    const newer = this.#held === undefined ? '' : `; held, ${this.#total - this.#held.total} came since`
    setText(this.#count, `${what}; ${this.#total} requests since the start${newer}`)
  }
}

function textOf(record: EndedExchange): string {
  const { service, route, direction, method, path, attempts } = record
  const tried = attempts.map((attempt) => `${attempt.endpoint} ${attemptOutcome(attempt)} ${attempt.whyNext}`)
  const parts = [service, route, direction, method, path, outcomeOf(record), statusOf(record), ...tried]
  return parts.join(' ').toLowerCase()
}
