/** What fails on purpose, and until when. */
import { formatTime } from '../../../config/values/time.ts'
import type { FaultConfig } from '../../../policies/fault/policy.ts'
import type { Fact } from '../report.ts'
import { formatPercentage } from '../values.ts'
import type { FactSource } from './source.ts'
import { duration } from './words.ts'

export const fault: FactSource<FaultConfig> = {
  facts: (config) => (config === undefined ? [] : [injected(config)]),
  puts: ({ at }, part) => (at === 'request') === (part === 'request'),
  step: () => 'fault',
  // At the attempt it is perTry that ends a delay too.
  wait: ({ at, delay }) =>
    at === 'attempt' || delay === undefined
      ? undefined
      : { ms: delay, text: `injected delay ${duration(delay)}`, outside: false },
}

function injected({ percent, delay, abort, at, until }: FaultConfig): Fact {
  const what = [
    ...(delay === undefined ? [] : [`held for ${duration(delay)}`]),
    ...(abort === undefined ? [] : [`answered ${abort.status} by us`]),
  ]
  const text = `${formatPercentage(percent)} of ${at}s are ${what.join(', then ')}, until ${formatTime(until)}.`
  return { name: 'fault', value: percent, text }
}
