/** Attempts of attempts: what repeats a request above us or below us multiplies it with what we repeat. */
import type { Fact } from '../report.ts'
import type { Subject } from './source.ts'

/** Somebody else's attempts for the same request. */
export interface Others {
  /** With the first; undefined: they are stated where we cannot look. */
  readonly attempts: number | undefined
  /** Who, and where it stands: `policy app at policy.yaml:7`. */
  readonly whose: string
}

/** What stands around a request of ours; undefined where nothing is known. */
export interface Around {
  /** Of the peer's sidecar, for its application. */
  readonly below: Others | undefined
  /** Of our own inbound side, which repeats everything its request sets off. */
  readonly above: Others | undefined
}

export const ALONE: Around = { below: undefined, above: undefined }

/** With the first. */
export function attemptsOf({ blocks }: Subject): number {
  if (blocks.hedge !== undefined) return blocks.hedge.maxExtra + 1
  return (blocks.retry?.max ?? 0) + 1
}

/** Nothing where this route sends a request once: then nothing is multiplied here. */
export function nested(subject: Subject): Fact[] {
  const own = attemptsOf(subject)
  const { above, below } = subject.around
  if (own === 1 || (above === undefined && below === undefined)) return []
  const factors = [above, below].flatMap((others) => others?.attempts ?? [])
  const total = factors.reduce((product, factor) => product * factor, own)
  const parts: string[] = []
  if (above !== undefined)
    parts.push(`${above.whose} makes up to ${above.attempts} attempts of each request that leads here`)
  if (below !== undefined) parts.push(below.attempts === undefined ? unknown(subject, below, own) : known(below))
  const product = [above?.attempts, own, below?.attempts].filter((factor) => factor !== undefined)
  const sum = product.length > 1 ? `: up to ${product.join(' x ')} = ${total} calls for one request` : ''
  const text = `retries multiply: ${parts.join('; ')}${sum}. Retry at one place, best nearest to the failure.`
  return [{ name: 'nested', value: total, text }]
}

function known({ attempts, whose }: Others): string {
  return `${whose} makes up to ${attempts} attempts of each of ours`
}

function unknown({ service }: Subject, { whose }: Others, own: number): string {
  return `${whose} may retry each of our ${own} attempts: with ${own} attempts of its own, up to ${own} x ${own} = ${own * own} reach the application of ${service}`
}
