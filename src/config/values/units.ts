/** Numbers with units: number and unit with nothing between, one unit only. Also read by the command line's flags. */
import { type Parsed, parsed, unreadable } from './parsed.ts'
import { nearest } from './spelling.ts'

interface Notation {
  /** What must hold, to stand after "must be". */
  readonly must: string
  readonly units: ReadonlyMap<string, number>
  /** Spellings people bring along, by the unit they mean. */
  readonly known: ReadonlyMap<string, string>
  /** Units that there are elsewhere, how many of ours one is, and of which. */
  readonly converted: readonly (readonly [pattern: RegExp, factor: number, unit: string])[]
  /** Units proposed for a bare number. */
  readonly proposed: readonly string[]
}

const DURATION: Notation = {
  must: 'a duration such as 250ms, 2s, 1m or 24h',
  units: new Map([
    ['ms', 1],
    ['s', 1000],
    ['m', 60_000],
    ['h', 3_600_000],
  ]),
  known: synonyms({
    ms: 'msec msecs milli millis millisecond milliseconds',
    s: 'sec secs second seconds',
    m: 'min mins minute minutes',
    h: 'hr hrs hour hours',
  }),
  converted: [[/^d(ays?)?$/i, 24, 'h']],
  proposed: ['ms', 's'],
}

const SIZE: Notation = {
  must: 'a size such as 64KiB or 1MiB',
  units: new Map([
    ['B', 1],
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
    ['GiB', 1024 ** 3],
  ]),
  known: synonyms({ B: 'b byte bytes', KiB: 'k kb ki', MiB: 'm mb mi', GiB: 'g gb gi' }),
  converted: [[/^t(i?b)?$/i, 1024, 'GiB']],
  proposed: ['B', 'KiB'],
}

const PERCENTAGE: Notation = {
  must: 'a percentage such as 20%',
  units: new Map([['%', 0.01]]),
  known: synonyms({ '%': 'percent pct' }),
  converted: [],
  proposed: ['%'],
}

const RATE: Notation = {
  must: 'a rate such as 100/s or 10/m',
  units: new Map([
    ['/s', 1],
    ['/m', 1 / 60],
    ['/h', 1 / 3600],
  ]),
  known: synonyms({ '/s': '/sec /second ps rps', '/m': '/min /minute', '/h': '/hour' }),
  converted: [[/^\/ms$/i, 1000, '/s']],
  proposed: ['/s', '/m'],
}

/** Milliseconds. */
export const parseDuration = (text: string): Parsed<number> => read(text, DURATION)
/** Bytes; a broken one is cut off. */
export function parseSize(text: string): Parsed<number> {
  const size = read(text, SIZE)
  return size.ok ? parsed(Math.floor(size.value)) : size
}
/** A fraction; `100%` is 1. */
export function parsePercentage(text: string): Parsed<number> {
  const percent = read(text, PERCENTAGE)
  // Divided, not multiplied: 7 * 0.01 is not 0.07.
  return percent.ok ? parsed(Number(text.slice(0, -1)) / 100) : percent
}
/** Per second. */
export const parseRate = (text: string): Parsed<number> => read(text, RATE)

/** ms as one would write them. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${Math.round(ms * 1000) / 1000}ms`
}

/** A rate per second as one would write it: in the largest unit in which it is at least 1. */
export function formatRate(perSecond: number): string {
  const [factor, unit] = perSecond >= 1 ? [1, 's'] : perSecond * 60 >= 1 - 1e-9 ? [60, 'm'] : [3600, 'h']
  return `${Math.round(perSecond * factor * 1000) / 1000}/${unit}`
}

function read(text: string, notation: Notation): Parsed<number> {
  const match = /^([0-9]+(?:\.[0-9]+)?)(.*)$/s.exec(text)
  const number = match?.[1]
  const unit = match?.[2]
  if (number === undefined || unit === undefined) {
    return unreadable(notation.must, /^\.[0-9]/.test(text) ? `write 0${text}` : '')
  }
  if (unit === '') return unreadable(notation.must, bare(number, notation), true)
  const factor = notation.units.get(unit)
  if (factor !== undefined) return parsed(Number(number) * factor)
  // YAML has more ways to write a number: 1e3, 0x10.
  if (Number.isFinite(Number(text))) return unreadable(notation.must, bare(String(Number(text)), notation), true)
  return unreadable(notation.must, mend(text, number, unit.trim(), notation))
}

function bare(number: string, notation: Notation): string {
  const proposals = notation.proposed.map((unit) => `${number}${unit}`)
  // 0.2 as a percentage is likelier to be a fraction than a fifth of a percent.
  if (notation === PERCENTAGE && Number(number) < 1) proposals.push(`${Number((Number(number) * 100).toPrecision(6))}%`)
  return `write ${proposals.join(' or ')}`
}

function mend(text: string, number: string, unit: string, notation: Notation): string {
  const compound = /^(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/.exec(text)
  if (notation === DURATION && compound !== null) {
    const [h, m, s, ms] = compound.slice(1).map((part) => Number(part ?? 0))
    const total = (h ?? 0) * 3_600_000 + (m ?? 0) * 60_000 + (s ?? 0) * 1000 + (ms ?? 0)
    return `one unit only: write ${formatDuration(total)}`
  }
  const larger = notation.converted.find(([pattern]) => pattern.test(unit))
  if (larger !== undefined) return `write ${Number((Number(number) * larger[1]).toPrecision(12))}${larger[2]}`
  if (unit.startsWith('.') && notation.units.has(unit.slice(1))) return `write ${number}${unit.slice(1)}`
  const names = [...notation.units.keys()]
  const meant =
    names.find((name) => name === unit) ??
    notation.known.get(unit.toLowerCase()) ??
    names.find((name) => name.toLowerCase() === unit.toLowerCase()) ??
    nearUnit(unit, names)
  if (meant !== undefined) return `write ${number}${meant}`
  return `units are ${names.join(', ')}`
}

/** A slip of the pen, and not another unit: `1KiBs`, but neither `1us` nor `1TiB`. */
function nearUnit(unit: string, names: readonly string[]): string | undefined {
  const near = nearest(unit, names)
  return near !== undefined && firstLetter(near) === firstLetter(unit) ? near : undefined
}

function firstLetter(unit: string): string | undefined {
  return /[a-z%]/.exec(unit.toLowerCase())?.[0]
}

function synonyms(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(table).flatMap(([unit, words]) => words.split(' ').map((word) => [word, unit] as const)),
  )
}
