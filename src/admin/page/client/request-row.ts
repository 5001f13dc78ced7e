/** One row of the last requests. */
import type { EndedAttempt, EndedExchange } from '../../../telemetry/ended/record.ts'
import { attemptOutcome, isGood, outcomeOf, SEVERITIES, statusOf, withoutAttempt } from '../live/requests.ts'
import { serviceName } from '../live/states.ts'
import { clock, duration } from '../live/words.ts'
import { badge } from './badge.ts'
import { cell, make, type Row } from './dom.ts'

/** One request, or the newest of several that went the same way. */
export interface Shown {
  readonly id: string
  readonly record: EndedExchange
  readonly count: number
  /** When the first of them came, ms since 1970. */
  readonly since: number
}

export function requestRow(): Row<Shown> {
  const element = make('tr')
  let told: Shown | undefined
  return {
    element,
    update: (shown) => {
      if (shown.record === told?.record && shown.count === told.count) return
      told = shown
      element.replaceChildren(...cells(shown))
    },
  }
}

function cells({ record, count, since }: Shown): HTMLElement[] {
  const { time, direction, service, route, method, path, outcome, attempts, attemptCount, duration: took } = record
  const when = make('time', { datetime: new Date(time).toISOString(), text: clock(time) })
  const moment = cell('Time', { class: 'code' }, when)
  if (count > 1) moment.append(make('small', { text: `${count} since ${clock(since)}` }))
  const asked = make('span', { class: 'code', text: `${method} ${path || route}`, title: `route ${route}` })
  const earlier = attemptCount - attempts.length
  const list = make(
    'ol',
    { class: 'attempts', start: String(earlier + 1) },
    ...attempts.map((attempt) => tried(attempt)),
  )
  const why = attempts.length === 0 ? make('span', { class: 'quiet', text: withoutAttempt(record) }) : list
  return [
    moment,
    cell(
      'Request',
      { class: 'asked' },
      make('strong', { text: serviceName(service) }),
      make('small', { text: direction }),
      asked,
    ),
    cell('Outcome', { class: 'came' }, badge(SEVERITIES[outcome], outcomeOf(record))),
    cell('Status', { class: 'number', text: statusOf(record) }),
    cell('Took', { class: 'number', text: duration(took) }),
    cell('Attempts', {}, why),
  ]
}

/** The loser of a race has not failed. */
function toneOf(attempt: EndedAttempt): string {
  if (attempt.reason === 'superseded') return 'quiet'
  return isGood(attempt) ? 'good' : 'bad'
}

function tried(attempt: EndedAttempt): HTMLElement {
  const { kind, endpoint, ms, whyNext, at } = attempt
  const item = make('li', { title: `began ${duration(at)} after the request came` })
  if (kind !== 'first') item.append(make('small', { text: kind }))
  item.append(
    make('span', { class: 'code', text: endpoint }),
    make('strong', { class: toneOf(attempt), text: attemptOutcome(attempt) }),
    make('span', { class: 'quiet', text: duration(ms) }),
  )
  if (whyNext !== '') item.append(make('em', { text: whyNext }))
  return item
}
