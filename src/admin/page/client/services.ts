/** The services: rate, errors, percentiles, in flight, and how they went. */
import type { Figures } from '../live/figures.ts'
import type { ServiceHistory } from '../live/history.ts'
import { serviceName } from '../live/states.ts'
import { count, duration, latency, percent, rate } from '../live/words.ts'
import { Chart } from './charts.ts'
import { cell, find, make, type Row, Rows, setClass, setText } from './dom.ts'

export class Services {
  readonly #rows: Rows<ServiceHistory>
  readonly #charts = new Set<Chart>()
  #bounds: readonly number[] = []
  #now = 0

  constructor() {
    const body = find('#services tbody')
    const key = ({ direction, service }: ServiceHistory) => `${direction} ${service}`
    this.#rows = new Rows(body, key, (item) => this.#make(item), 'No request has come yet.')
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const chart of this.#charts) chart.redraw()
    })
  }

  /** `bounds` of the buckets, ms; `now` in s on the sidecar's clock. */
  show(services: readonly ServiceHistory[], bounds: readonly number[], now: number): void {
    this.#bounds = bounds
    this.#now = now
    this.#rows.show(services)
  }

  #make({ service, direction }: ServiceHistory): Row<ServiceHistory> {
    const name = serviceName(service)
    const perSecond = make('span')
    const retried = make('small')
    const errors = make('strong')
    const kinds = make('small')
    const p50 = cell('p50', { class: 'number' })
    const p99 = cell('p99', { class: 'number' })
    const inflight = cell('In flight', { class: 'number' })
    const rates = this.#chart(
      `Requests per second to ${name}`,
      [
        { colour: '--blue', fill: true, value: (point) => point.rate },
        { colour: '--red', fill: true, unlessZero: true, value: (point) => point.errors },
      ],
      (value) => `${rate(value)}/s`,
    )
    const durations = this.#chart(
      `99th percentile of durations of ${name}`,
      [
        { colour: '--violet', fill: false, value: (point) => point.p99 },
        { colour: '--grey', fill: false, value: (point) => point.p50 },
      ],
      duration,
    )
    const head = make('th', { scope: 'row' }, make('span', { text: name }), make('small', { text: direction }))
    const element = make(
      'tr',
      {},
      head,
      cell('Requests', { class: 'number' }, perSecond, retried),
      cell('Errors', { class: 'number' }, errors, kinds),
      p50,
      p99,
      inflight,
      cell('Requests/s, errors red', { class: 'charted' }, rates.element),
      cell('p99, p50 grey', { class: 'charted' }, durations.element),
    )
    return {
      element,
      update: ({ figures, points, inflight: now }) => {
        setText(inflight, count(now))
        rates.show(points, this.#now)
        durations.show(points, this.#now)
        if (figures === undefined) return
        setText(perSecond, `${rate(figures.rate)}/s`)
        setText(retried, besides(figures))
        setText(errors, figures.errorShare === 0 ? '0' : percent(figures.errorShare))
        setClass(errors, figures.errorShare >= 0.1 ? 'bad' : figures.errorShare > 0 ? 'warn' : 'quiet')
        setText(kinds, kindsOf(figures))
        setText(p50, latency(figures.p50, this.#bounds))
        setText(p99, latency(figures.p99, this.#bounds))
      },
    }
  }

  #chart(...parts: ConstructorParameters<typeof Chart>): Chart {
    const chart = new Chart(...parts)
    this.#charts.add(chart)
    return chart
  }
}

/** Of those that went well in the end. */
function besides({ retried, hedged, fallback }: Figures): string {
  return said({ 'by retry': retried, 'by hedge': hedged, 'by fallback': fallback })
}

function kindsOf({ failed, refused, cancelled }: Figures): string {
  return said({ failed, refused, 'client left': cancelled })
}

function said(kinds: Readonly<Record<string, number>>): string {
  return Object.entries(kinds)
    .filter(([, perSecond]) => perSecond > 0)
    .map(([kind, perSecond]) => `${rate(perSecond)}/s ${kind}`)
    .join(', ')
}
