/** The endpoints, those that take no requests first. */
import type { OutlierSnapshot } from '../../../core/events.ts'
import type { EndpointSample } from '../../../telemetry/sources.ts'
import type { State } from '../live/frame.ts'
import { judgements } from '../live/judged.ts'
import { bySeverity, type Severity } from '../live/states.ts'
import { percent, seconds } from '../live/words.ts'
import { badge, setBadge } from './badge.ts'
import { cell, find, make, type Row, Rows, setText } from './dom.ts'

interface Item {
  readonly endpoint: EndpointSample
  readonly outlier: OutlierSnapshot | undefined
}

const SEVERITY: Readonly<Record<EndpointSample['state'], Severity>> = {
  ready: 'good',
  probing: 'warn',
  ejected: 'bad',
  unhealthy: 'bad',
}

/** Shown until somebody asks for all; and those at most, for a service may have thousands. */
const FEW = 12
const MOST = 500

export class Endpoints {
  readonly #rows = new Rows<Item>(find('#endpoints tbody'), keyOf, row, 'No service has an endpoint.')
  readonly #count = find('#endpoints h2 small')
  readonly #more = find<HTMLButtonElement>('#endpoints .more')
  #all = false
  #items: Item[] = []

  constructor() {
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all
      this.#draw()
    })
  }

  show({ endpoints, outliers }: State): void {
    const judged = judgements(outliers)
    this.#items = endpoints.map((endpoint) => ({
      endpoint,
      outlier: judged.get(`${endpoint.service} ${endpoint.address}`),
    }))
    this.#items.sort((one, other) => bySeverity(SEVERITY[one.endpoint.state], SEVERITY[other.endpoint.state]))
    this.#draw()
  }

  #draw(): void {
    const items = this.#items
    const ready = items.filter(({ endpoint }) => endpoint.state === 'ready').length
    setText(this.#count, items.length === 0 ? '' : `${ready} of ${items.length} ready`)
    this.#more.hidden = items.length <= FEW
    setText(this.#more, this.#all ? 'Show fewer' : `Show all ${items.length}`)
    this.#rows.show(items.slice(0, this.#all ? MOST : FEW))
  }
}

function keyOf({ endpoint: { service, address } }: Item): string {
  return `${service} ${address}`
}

function row({ endpoint: { address, service } }: Item): Row<Item> {
  const state = badge()
  const inflight = cell('In flight', { class: 'number' })
  const connections = cell('Connections', { class: 'number' })
  const outlier = cell('Outlier')
  return {
    element: make(
      'tr',
      {},
      make('th', { scope: 'row', class: 'code', text: address }),
      cell('Service', { text: service }),
      cell('State', {}, state),
      inflight,
      connections,
      outlier,
    ),
    update: ({ endpoint, outlier: judged }) => {
      setBadge(state, SEVERITY[endpoint.state], stateOf(endpoint, judged))
      setText(inflight, String(endpoint.inflight))
      setText(connections, endpoint.connections === 0 ? '0' : `${endpoint.connections}, ${endpoint.idle} idle`)
      setText(outlier, judged === undefined ? '–' : judgement(judged))
    },
  }
}

function stateOf({ state }: EndpointSample, judged: OutlierSnapshot | undefined): string {
  return state === 'ejected' && judged !== undefined ? `ejected, ${seconds(judged.ejectedFor)} left` : state
}

function judgement({ consecutive, calls, failureRatio, times, mode }: OutlierSnapshot): string {
  const ratio = calls === 0 ? 'no calls' : `${percent(failureRatio)} of ${calls} failed`
  const row = consecutive === 0 ? '' : `, ${consecutive} in a row`
  const again = times === 0 ? '' : `, ejected ${times} times in a row`
  return `${ratio}${row}${again}${mode === 'shadow' ? ', shadow' : ''}`
}
