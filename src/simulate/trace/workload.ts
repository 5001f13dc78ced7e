/** A trace at work: requests come when they came, and upstreams do what they did. */
import { diceFor, numberOf } from '../dice.ts'
import { type Arrival, type Attempted, NO_HURRY, type Plan, UNLIMITED, type Workload } from '../workload.ts'
import type { Entry, Seen } from './entry.ts'
import { Neighbours } from './neighbours.ts'
import type { Trace } from './read.ts'

/** Of an upstream that the trace says nothing of. */
const UNKNOWN: Plan = { outcome: 'answer', after: 1, status: 200, grpcStatus: -1 }

export function workloadOf(name: string, trace: Trace, seed: number): Workload {
  const { entries } = trace
  const start = (entries[0] as Entry).time
  const duration = (entries.at(-1) as Entry).time - start + 1
  const streams = [...new Set(entries.map(streamOf))].sort()
  const indices = new Map(streams.map((stream, i) => [stream, i]))
  const neighbours = new Neighbours(entries)
  const strangers = new Set<string>()
  return {
    name,
    seed,
    start,
    duration,
    phases: [{ name: 'all', until: duration }],
    streams,
    get notes() {
      return [...notesOf(trace), ...[...strangers].sort().map(unknownNote)]
    },
    server: () => UNLIMITED,
    arrivals: () => arrivals(entries, start, indices),
    plan: (attempted) => {
      const own = attempted.origin === undefined ? undefined : entries[attempted.origin.index]
      const plan = planOf(own, attempted, neighbours, start, seed)
      if (plan !== undefined) return plan
      strangers.add(attempted.service)
      return { ...UNKNOWN, grpcStatus: attempted.grpc ? 0 : -1 }
    },
  }
}

function streamOf({ direction, service, authority }: Entry): string {
  return direction === 'inbound' ? 'inbound' : service || authority
}

/** The index is the entry's own, not the stream's: it is how an attempt finds what is known of it. */
function* arrivals(entries: readonly Entry[], start: number, streams: ReadonlyMap<string, number>): Generator<Arrival> {
  for (const [index, entry] of entries.entries()) {
    const { time, direction, method, target, authority, bodyBytes, grpc, peer, patience } = entry
    const caller = patience === Number.POSITIVE_INFINITY ? NO_HURRY : { ...NO_HURRY, patience }
    const asked = { direction, method, target, authority, headers: [], bodyBytes, grpc, peer, caller }
    yield { at: time - start, stream: streams.get(streamOf(entry)) ?? 0, index, asked }
  }
}

/** undefined: the trace says nothing of the service. */
function planOf(
  own: Entry | undefined,
  attempted: Attempted,
  neighbours: Neighbours,
  start: number,
  seed: number,
): Plan | undefined {
  const { endpoint, number, now, origin } = attempted
  const known = own?.attempts[number - 1]
  const meant = own?.service ?? attempted.service
  // What a fallback asked that night stands with the attempts of the request; of a service that it did not ask, others may tell.
  const service = attempted.elsewhere && !neighbours.knows(meant, endpoint) ? attempted.service : meant
  // Another endpoint is another machine, where the trace can tell the two apart; another service is one in any case.
  const other = known?.endpoint !== endpoint && (attempted.elsewhere || neighbours.knows(service, endpoint))
  if (known !== undefined && !other) return asPlan(known, attempted)
  const dice = diceFor(seed, origin?.index ?? now, number, numberOf(attempted.service))
  const likely = neighbours.pick(service, endpoint, start + now, dice)
  return likely === undefined ? undefined : asPlan(likely, attempted)
}

function asPlan({ outcome, ms, status, grpcStatus }: Seen, { grpc }: Attempted): Plan {
  return { outcome, after: ms, status, grpcStatus: grpc ? Math.max(0, grpcStatus) : -1 }
}

function unknownNote(service: string): string {
  const name = service === '' ? 'the application' : `service ${service}`
  return `the trace says nothing of ${name}: it answers 200 after 1 ms`
}

function notesOf({ entries, lines, leftOut, left }: Trace): string[] {
  const notes: string[] = []
  if (leftOut > 0) notes.push(`${leftOut} of ${lines} lines are not replayed`, ...left)
  const cut = entries.filter(({ attempts }) => attempts.some(({ outcome }) => outcome === 'silent')).length
  if (cut > 0)
    notes.push(`${cut} requests were cut off by a timeout or their client; they are replayed as never answered`)
  const unasked = entries.filter(({ attempts, direction, service }) => {
    return attempts.length === 0 && (direction === 'inbound' || service !== '')
  }).length
  if (unasked > 0) {
    notes.push(
      `${unasked} requests never reached their upstream; what it would have done is taken from its others at that time`,
    )
  }
  return notes
}
