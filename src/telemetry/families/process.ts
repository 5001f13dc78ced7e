/** The process, in what prom-client does not tell or tells only from the first scrape on. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import { counter, type Family, sample } from './family.ts'
import { row } from './http.ts'

export function processFamilies(registry: Registry): Family[] {
  return [
    {
      name: 'outrigger_event_loop_delay_seconds',
      help: 'How late a timer came, looked at four times a second since the start, in seconds.',
      type: 'histogram',
      samples: () => row(registry.loopDelay, 0, {}),
    },
    counter(
      'outrigger_event_loop_waits_total',
      'Turns of the event loop after which it waited for 0.1 to 0.25 ms, to take more at once.',
      () => [sample(registry.sources?.eventLoopWaits?.().waits ?? 0)],
    ),
    counter('outrigger_event_loop_wait_seconds_total', 'How long it did so, in seconds.', () => [
      sample((registry.sources?.eventLoopWaits?.().waited ?? 0) / 1000),
    ]),
    counter('nodejs_eventloop_time_seconds_total', 'What the event loop did since the start: work or wait.', () => {
      const { active, idle } = performance.eventLoopUtilization()
      return [
        sample(active / 1000, { nodejs_eventloop_state: 'active' }),
        sample(idle / 1000, { nodejs_eventloop_state: 'idle' }),
      ]
    }),
  ]
}
