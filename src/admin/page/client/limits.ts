/** Bulkheads with their queues, concurrency limits, budgets, and the other things that have a limit. */
import type { State } from '../live/frame.ts'
import { type Limit, limits } from '../live/limits.ts'
import { cell, find, make, type Row, Rows, setAttribute, setClass, setText } from './dom.ts'

export class Limits {
  readonly #rows = new Rows<Limit>(
    find('#limits tbody'),
    ({ id }) => id,
    row,
    'None yet: each is made by the first request it stands for.',
  )

  show(state: State): void {
    this.#rows.show(limits(state))
  }
}

function row({ of, kind, share }: Limit): Row<Limit> {
  const used = make('span')
  const meter = make('meter', { min: '0', max: '1', 'aria-hidden': 'true' })
  meter.hidden = Number.isNaN(share)
  const more = cell('More')
  return {
    element: make(
      'tr',
      {},
      make('th', { scope: 'row', text: of }),
      cell('Kind', { text: kind }),
      cell('Used', {}, used, meter),
      more,
    ),
    update: (limit) => {
      setText(used, limit.used)
      setClass(used, limit.severity)
      setText(more, limit.more)
      if (!meter.hidden) setAttribute(meter, 'value', String(Math.min(1, limit.share)))
      setClass(meter, limit.severity)
    },
  }
}
