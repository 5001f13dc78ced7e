/** ns per request and layer: each layer's own cost is what it adds to the bare wire, in turns, the median of many. */
import { SystemClock } from '../../src/core/clock.ts'
import { codec, type Work } from './codec.ts'
import { median } from './side-by-side.ts'
import { ask, subjects } from './stack.ts'
import type { Table } from './tables.ts'

/** Requests until the event loop gets a turn, as many as one read of a busy connection may bring. */
const BATCH = 64

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** CPU ns per request, collection of garbage included. */
async function cost(work: Work, requests: number): Promise<number> {
  const before = process.cpuUsage()
  for (let done = 0; done < requests; done += BATCH) {
    work.run(BATCH)
    await turn()
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / requests
}

/** `rounds` of `requests` each. */
export async function layers(rounds: number, requests: number): Promise<Table> {
  const clock = new SystemClock()
  const { bare, layers: single, whole } = subjects(clock)
  const stack: Work[] = [bare, ...single, whole].map((subject) => ({
    name: subject.name,
    run: (count) => ask(subject, count, clock),
  }))
  const nothing: Work = { name: 'nothing', run() {} }
  const all = [nothing, ...stack, ...codec()]
  const found = new Map<string, number[]>(all.map(({ name }) => [name, []]))
  // The first rounds only warm up: the compiler has to have seen everything together, as in production.
  for (let round = -2; round < rounds; round++) {
    for (const work of all) {
      const ns = await cost(work, requests)
      if (round >= 0) found.get(work.name)?.push(ns)
    }
  }
  const of = (name: string): number => median(found.get(name) ?? [])
  const spread = (name: string): string => {
    const values = (found.get(name) ?? []).toSorted((a, b) => a - b)
    return `${Math.round(values[0] ?? 0)}–${Math.round(values.at(-1) ?? 0)}`
  }
  const floor = of(nothing.name)
  const row = (name: string, under: number): string[] => [name, String(Math.round(of(name) - under)), spread(name)]
  const rows = [
    ...single.map(({ name }) => row(name, of(bare.name))),
    [
      'sum of the layers',
      String(
        Math.round(single.reduce((sum, { name, instead }) => (instead ? sum : sum + of(name) - of(bare.name)), 0)),
      ),
      '',
    ],
    row(whole.name, of(bare.name)),
    row(bare.name, floor),
    ...codec().map(({ name }) => row(name, floor)),
  ]
  return { heading: ['layer', 'ns per request', 'with what is beneath it: least to most'], rows }
}
