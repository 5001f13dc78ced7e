/** The process, under the names that everybody's dashboards know. */
import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { counter, type Family, gauge, type Sample, sample } from './family.ts'

/** ms between two looks; each wakes the process. */
const RESOLUTION = 50
const NANO = 1e9

export class ProcessMetrics {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>
  #utilization: ReturnType<typeof performance.eventLoopUtilization>

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION })
    this.#delay.enable()
    this.#utilization = performance.eventLoopUtilization()
  }

  close(): void {
    this.#delay.disable()
  }

  families(): Family[] {
    return [
      gauge('nodejs_eventloop_delay_seconds', 'Delay of the event loop since the last scrape.', () => this.#delays()),
      gauge(
        'nodejs_eventloop_utilization_ratio',
        'Share of time the event loop was busy since the last scrape.',
        () => {
          const last = this.#utilization
          this.#utilization = performance.eventLoopUtilization()
          return [sample(performance.eventLoopUtilization(this.#utilization, last).utilization)]
        },
      ),
      gauge('nodejs_heap_size_total_bytes', 'Heap that V8 holds.', () => [sample(process.memoryUsage().heapTotal)]),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => [sample(process.memoryUsage().heapUsed)]),
      gauge('nodejs_external_memory_bytes', 'Memory held by buffers and other native objects.', () => [
        sample(process.memoryUsage().external),
      ]),
      gauge('process_resident_memory_bytes', 'Resident memory.', () => [sample(process.memoryUsage.rss())]),
      counter('process_cpu_seconds_total', 'User and system CPU time.', () => {
        const { user, system } = process.cpuUsage()
        return [sample((user + system) / 1e6)]
      }),
      gauge('process_start_time_seconds', 'When the process started, since 1970.', () => [
        sample(performance.timeOrigin / 1000),
      ]),
      gauge('process_open_fds', 'Open file descriptors.', openFiles),
      gauge('process_max_fds', 'Most file descriptors that may be open.', mostFiles),
    ]
  }

  #delays(): Sample[] {
    const delay = this.#delay
    const samples = [
      sample(delay.percentile(50) / NANO, { statistic: 'p50' }),
      sample(delay.percentile(99) / NANO, { statistic: 'p99' }),
      sample(delay.max / NANO, { statistic: 'max' }),
    ]
    delay.reset()
    return samples
  }
}

/** Nothing where there is no /proc. */
function openFiles(): Sample[] {
  try {
    return [sample(readdirSync('/proc/self/fd').length)]
  } catch {
    return []
  }
}

function mostFiles(): Sample[] {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8')
      .split('\n')
      .find((text) => text.startsWith('Max open files'))
    const soft = Number(line?.slice(26, 47).trim())
    return Number.isFinite(soft) ? [sample(soft)] : []
  } catch {
    return []
  }
}
