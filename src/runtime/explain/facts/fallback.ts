/** What the client gets instead of a failure, and how long it may wait for that. */
import type { FallbackConfig } from '../../../policies/fallback/policy.ts'
import type { Fact } from '../report.ts'
import type { FactSource, Wait } from './source.ts'
import { duration } from './words.ts'

type Entry = FallbackConfig[number]

export const fallback: FactSource<FallbackConfig> = {
  facts: (config) => (config === undefined ? [] : [served(config)]),
  wait: (config) => asking(config),
}

function served(entries: FallbackConfig): Fact {
  const text = entries.map((entry) => `on ${entry.when.join(', ')} the client gets ${answerOf(entry)}`).join('; ')
  const marked = `${text}. The first that applies answers; each counts as a failure.`
  return { name: 'fallback', value: entries.length, text: entries.length === 1 ? `${text}.` : marked }
}

function answerOf(entry: Entry): string {
  switch (entry.use) {
    case 'static':
      return `a ${entry.status} of ours`
    case 'cached':
      return `the last good answer to the same GET, up to ${duration(entry.maxStale)} old, if there is one`
    case 'service': {
      const time = entry.timeout === undefined ? 'in what is left of the deadline' : `within ${duration(entry.timeout)}`
      return `the answer of service ${entry.service}, ${time}`
    }
  }
}

/** Each service that has a timeout of its own may be asked after all else has failed. */
function asking(entries: FallbackConfig): Wait | undefined {
  const asked = entries.flatMap((entry) =>
    entry.use === 'service' && entry.timeout !== undefined ? [entry.timeout] : [],
  )
  if (asked.length === 0) return undefined
  const ms = asked.reduce((sum, timeout) => sum + timeout, 0)
  return { ms, text: `fallback ${asked.length === 1 ? 'service' : 'services'} ${duration(ms)}`, outside: true }
}
