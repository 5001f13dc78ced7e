/**
 * What telemetry costs a request: the bundle as the comparison has it, with more and more of telemetry on, in turns. CPU time of
 * the whole process at saturation, exports and garbage included.
 */
import { table } from '../../src/demo/table.ts'
import type { Lab } from './lab.ts'
import type { Plan } from './measure.ts'
import { NO_LOG, NO_TRACES, type Peer, readPeer, TRACES } from './peer-file.ts'
import { median } from './side-by-side.ts'
import { load, saturation } from './spell.ts'

const TAIL = [TRACES, 'tracing: {sample: 1%, tail: {slowerThan: 1s}}'] as const

/** s. */
const SETTLED = 4

type Variant = Pick<Peer, 'id' | 'label'> & { readonly replaced: Peer['replaced']; readonly exports: string }

const COLLECTOR = 'OTEL_EXPORTER_OTLP_ENDPOINT=http://{collector}'
const VARIANTS: readonly Variant[] = [
  { id: 'off', label: 'off: counters alone', replaced: [NO_LOG, NO_TRACES], exports: '' },
  { id: 'log', label: '+ access log', replaced: [NO_TRACES], exports: '' },
  { id: 'traces', label: '+ 1 % traces', replaced: [], exports: COLLECTOR },
  {
    id: 'all',
    label: '+ tail, OTLP metrics: everything',
    replaced: [TAIL],
    exports: `${COLLECTOR} OTEL_METRICS_EXPORTER=otlp`,
  },
]

function peerOf({ id, label, replaced, exports }: Variant, bundle: string): Peer {
  const peer = readPeer('outrigger', bundle)
  return { ...peer, id, label, replaced, env: `${peer.env.replace(COLLECTOR, '')} ${exports}` }
}

/** The table; `wanted` by the ids `off` (always measured), `log`, `traces`, `all`. */
export async function telemetryCost(
  lab: Lab,
  bundle: string,
  plan: Plan,
  wanted: (id: string) => boolean,
): Promise<string> {
  const variants = VARIANTS.filter(({ id }) => id === 'off' || wanted(id))
  const found = variants.map((): number[] => [])
  for (let round = 0; round < plan.rounds; round++) {
    for (let i = 0; i < variants.length; i++) {
      const at = (i + round) % variants.length
      const variant = variants[at] as Variant
      const { proxy, port } = await lab.start(peerOf(variant, bundle))
      // The SDK is loaded a second after the start, which takes a third of a second once and is no part of a request.
      await load(lab, port, SETTLED, 'get')
      const { us, noise } = await saturation(lab, proxy.pid, port, plan.seconds, 'get')
      await proxy.stop()
      found[at]?.push(us)
      console.error(`${variant.label}: ${us.toFixed(1)} µs, others ${(noise * 100).toFixed(0)} % of a core`)
    }
  }
  const off = found[0] as number[]
  const rows = variants.map(({ label }, at) => {
    const values = found[at] as number[]
    const over = values.map((us, round) => us - (off[round] as number))
    return [label, median(values).toFixed(1), median(over).toFixed(1), over.map((us) => us.toFixed(1)).join(' ')]
  })
  return table(['telemetry', 'GET CPU µs', 'over off', 'over off, each round'], rows)
}
