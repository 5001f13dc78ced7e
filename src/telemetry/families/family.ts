/** A metric as it is read at a scrape. */
// cold file: runs once per scrape

import type { Exemplar } from '../histogram.ts'

/** Label values by name; '' is left out, which to Prometheus is the same. */
export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** `_bucket`, `_sum`, `_count` of a histogram, else ''. */
  readonly suffix: string
  /** Those of its row; one object for all samples of a histogram's row. */
  readonly labels: Labels
  /** Of a bucket; '' none. */
  readonly le: string
  readonly value: number
  /** Of a bucket that a traced observation fell into. */
  readonly exemplar: Exemplar | undefined
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  samples(): Sample[]
}

export function sample(value: number, labels: Labels = {}, suffix = '', le = '', exemplar?: Exemplar): Sample {
  return { suffix, labels, le, value, exemplar }
}

export function counter(name: string, help: string, samples: () => Sample[]): Family {
  return { name, help, type: 'counter', samples }
}

export function gauge(name: string, help: string, samples: () => Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}

/** Adds up values under equal labels. */
export class Sums {
  readonly #samples = new Map<string, { labels: Labels; value: number }>()

  add(labels: Labels, value: number): void {
    const key = Object.values(labels).join('\n')
    const known = this.#samples.get(key)
    if (known === undefined) this.#samples.set(key, { labels, value })
    else known.value += value
  }

  /** Keeps the larger value instead. */
  max(labels: Labels, value: number): void {
    const key = Object.values(labels).join('\n')
    const known = this.#samples.get(key)
    if (known === undefined) this.#samples.set(key, { labels, value })
    else known.value = Math.max(known.value, value)
  }

  samples(): Sample[] {
    return Array.from(this.#samples.values(), ({ labels, value }) => sample(value, labels))
  }
}
