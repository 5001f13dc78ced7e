/** When an endpoint is set aside, for how long, how many may be, and what brings one back. */
import { LONGEST, mostEjected, RATE, RATE_CALLS, RATE_WINDOW } from '../../../policies/outlier/decide.ts'
import type { OutlierConfig } from '../../../policies/outlier/outliers.ts'
import type { Fact } from '../report.ts'
import { formatPercentage } from '../values.ts'
import type { FactSource, Subject } from './source.ts'
import { duration, span } from './words.ts'

export const outlier: FactSource<OutlierConfig> = {
  facts: (config, subject) => (config === undefined ? [] : [ejecting(config, subject)]),
  puts: (_config, part) => part === 'picked',
  step: () => 'outlier',
  wait: (_config, { blocks }) => {
    const perTry = blocks.timeout?.perTry
    // Without perTry the worst case is bounded by the request or by nothing.
    return perTry === undefined ? undefined : { ms: perTry, text: `return probe ${duration(perTry)}`, outside: false }
  },
}

function ejecting({ consecutive, ejectFor, maxEjected, jitter }: OutlierConfig, subject: Subject): Fact {
  const { endpoints } = subject
  const most = endpoints === undefined ? null : mostEjected(endpoints, maxEjected)
  const name = 'outlier'
  if (most === 0) {
    const why = maxEjected === 0 ? 'maxEjected is 0%' : 'the last one never is'
    return { name, value: 0, text: `nobody is ejected: there is ${count(endpoints ?? 0)}, and ${why}.` }
  }
  const longer = ejectFor < LONGEST ? `, n times that the n-th time, up to ${span(LONGEST, jitter)}` : ''
  const text =
    `an endpoint is ejected after ${count(consecutive, 'failure')} in a row, or once ${formatPercentage(RATE)} of at ` +
    `least ${RATE_CALLS} calls failed within ${duration(RATE_WINDOW)}; for ${span(ejectFor, jitter)}${longer}. ` +
    `${cap(endpoints, most, maxEjected)} It comes back when one retryable request, or a health check, went well there; a ` +
    'request that finds it still bad is sent elsewhere at once.'
  return { name, value: most, text }
}

function cap(endpoints: number | undefined, most: number | null, share: number): string {
  if (endpoints === undefined || most === null) {
    return `At most ${formatPercentage(share)} of the endpoints are ejected, of two or more at least one may be, and one always stays.`
  }
  return `With ${count(endpoints)} at most ${most} ${most === 1 ? 'is' : 'are'} ejected.`
}

function count(n: number, what = 'endpoint'): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
