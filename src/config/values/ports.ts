/** Ports and ranges of ports, as flags have them: `19002,8300-8400`. */
import { type Parsed, parsed, unreadable } from './parsed.ts'

/** Both ends belong to it; 1–65535. */
export interface PortRange {
  readonly from: number
  readonly to: number
}

const MUST = 'ports and ranges such as 25,3306,8300-8400'

/** An empty text is no port at all. */
export function parsePorts(text: string): Parsed<readonly PortRange[]> {
  const ranges: PortRange[] = []
  for (const item of itemsOf(text)) {
    const match = /^([0-9]{1,5})(?:[-:]([0-9]{1,5}))?$/.exec(item)
    const from = Number(match?.[1])
    const to = Number(match?.[2] ?? from)
    if (match === null || !isPort(from) || !isPort(to)) return unreadable(MUST, `'${item}' is neither`)
    if (to < from) return unreadable(MUST, `write ${to}-${from}`)
    ranges.push({ from, to })
  }
  return parsed(ranges)
}

export interface MappedPort {
  /** The application's. */
  readonly port: number
  /** Of the listener that takes its connections. */
  readonly listener: number
}

const MUST_PAIR = 'pairs APP:LISTENER such as 8080:19100,9090:19101'

/** `8080:19100,9090:19101`: the application's port, then its listener's. A port may have several listeners, as one of two names has. */
export function parsePortMap(text: string): Parsed<readonly MappedPort[]> {
  const pairs: MappedPort[] = []
  for (const item of itemsOf(text)) {
    const [, port, listener] = /^([0-9]{1,5}):([0-9]{1,5})$/.exec(item)?.map(Number) ?? []
    if (port === undefined || listener === undefined || !isPort(port) || !isPort(listener)) {
      return unreadable(MUST_PAIR, `'${item}' is none`)
    }
    if (pairs.some((pair) => pair.listener === listener)) {
      return unreadable(MUST_PAIR, `'${item}' repeats a listener`)
    }
    pairs.push({ port, listener })
  }
  return parsed(pairs)
}

/** The same for rules, by which a port is led to one listener. */
export function parseLedPorts(text: string): Parsed<readonly MappedPort[]> {
  const result = parsePortMap(text)
  if (!result.ok) return result
  const pairs = result.value
  const repeated = pairs.find(({ port }, at) => pairs.findIndex((pair) => pair.port === port) < at)
  if (repeated === undefined) return result
  return unreadable(MUST_PAIR, `'${repeated.port}:${repeated.listener}' repeats a port of the application`)
}

export function includesPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ from, to }) => port >= from && port <= to)
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535
}
