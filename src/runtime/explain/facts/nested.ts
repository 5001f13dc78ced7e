/** Attempts of attempts: what repeats a request above us or below us multiplies it with what we repeat. */
import type { Fact } from '../report.ts'
import { hedgeFor, type Subject } from './source.ts'

/** With the first. */
function attemptsOf(subject: Subject): number {
  const hedge = hedgeFor(subject)
  return (hedge === undefined ? (subject.blocks.retry?.max ?? 0) : hedge.maxExtra) + 1
}

/** Nothing where this route sends a request once: then nothing is multiplied here. */
export function nested(subject: Subject): Fact[] {
  const own = attemptsOf(subject)
  const { above, below } = subject.around
  if (own === 1 || (above === undefined && below === undefined)) return []
  const factors = [above?.attempts, own, below?.attempts].filter((factor) => factor !== undefined)
  const total = factors.reduce((product, factor) => product * factor, 1)
  const known = [
    ...(above?.attempts === undefined
      ? []
      : [`${above.whose} makes up to ${above.attempts} attempts of each request that leads here`]),
    ...(below?.attempts === undefined ? [] : [`${below.whose} makes up to ${below.attempts} attempts of each of ours`]),
  ]
  const unknown = [
    ...(above !== undefined && above.attempts === undefined
      ? [`${above.whose} that retries has each of its attempts repeated here`]
      : []),
    ...(below !== undefined && below.attempts === undefined
      ? [`${below.whose} may retry each of our ${own} attempts`]
      : []),
  ]
  const sentences = [
    ...(known.length === 0
      ? []
      : [`${known.join('; ')}: up to ${factors.join(' x ')} = ${total} calls for one request.`]),
    ...unknown.map(
      (told) =>
        `${told}: with ${own} attempts of its own, up to ${own} x ${own} = ${own * own} reach the application of ${subject.service}.`,
    ),
  ]
  const text = `retries multiply: ${sentences.join(' Besides, ')} Retry at one place, best nearest to the failure.`
  return [{ name: 'nested', value: total, text }]
}
