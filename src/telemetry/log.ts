/** Our own log: one JSON object a line on stderr. */
// cold file: a line per event worth telling, not per request
import type { Clock } from '../core/clock.ts'
import { FileSink, type LineSink } from './line-sink.ts'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
/** Anything JSON can say; an `Error` is written with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

/** Never throws, never blocks. */
export interface Log {
  error(msg: string, fields?: LogFields): void
  warn(msg: string, fields?: LogFields): void
  info(msg: string, fields?: LogFields): void
  debug(msg: string, fields?: LogFields): void
}

/** Lines of `level` and graver ones go to stderr, or to `sink`. */
export function createLog(level: LogLevel, clock: Clock, sink: LineSink = new FileSink(2, true)): Log {
  return new JsonLog(LOG_LEVELS.indexOf(level), clock, sink)
}

class JsonLog implements Log {
  readonly #limit: number
  readonly #clock: Clock
  readonly #sink: LineSink

  constructor(limit: number, clock: Clock, sink: LineSink) {
    this.#limit = limit
    this.#clock = clock
    this.#sink = sink
  }

  error(msg: string, fields?: LogFields): void {
    this.#write(0, msg, fields)
  }

  warn(msg: string, fields?: LogFields): void {
    this.#write(1, msg, fields)
  }

  info(msg: string, fields?: LogFields): void {
    this.#write(2, msg, fields)
  }

  debug(msg: string, fields?: LogFields): void {
    this.#write(3, msg, fields)
  }

  #write(level: number, msg: string, fields: LogFields | undefined): void {
    if (level > this.#limit) return
    const time = new Date(this.#clock.wallTime()).toISOString()
    const line = encode({ time, level: LOG_LEVELS[level], msg, ...fields })
    this.#sink.write(Buffer.from(`${line}\n`), 1)
  }
}

/** A field that JSON cannot say costs the fields, not the line. */
function encode(line: Record<string, unknown>): string {
  try {
    return JSON.stringify(line, sayable)
  } catch {
    return JSON.stringify({ time: line.time, level: line.level, msg: line.msg, fields: 'not serialisable' })
  }
}

function sayable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? value.message
  if (typeof value === 'bigint') return value.toString()
  if (value === Number.POSITIVE_INFINITY) return 'none'
  return value
}
