/**
 * `outrigger tap`: the exchanges of a running sidecar, as they end. 0: `--limit` was reached, or it was ended by a signal or by
 * whoever reads its output. 1: there is no such sidecar, or it has ended. 2: wrong usage.
 */
import { parseArgs } from 'node:util'
import { readFilter, TAP_FIELDS } from '../../src/admin/index.ts'
import { type TapLine, tapLine } from '../tap/line.ts'
import { openLines } from '../tap/stream.ts'
import { type Address, adminAddress } from './admin-client.ts'

const USAGE = `usage: outrigger tap [--admin HOST:PORT] [--json] [--limit N] [--slower-than DURATION]
                     [--status 503|5xx|500-503|grpc:NAME] [--reason REASON|any] [--route PATTERN] [--service NAME]
                     [--method METHOD] [--direction inbound|outbound]
  filters may be repeated, or hold several words with commas between: one of them has to fit`

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The terminal; a test hands in another. */
export interface TapIo {
  readonly output: Pick<NodeJS.WriteStream, 'write' | 'on' | 'off'>
  err(text: string): void
  readonly environment: Readonly<Record<string, string | undefined>>
}

const PROCESS: TapIo = {
  output: process.stdout,
  err: (text) => process.stderr.write(text),
  environment: process.env,
}

interface Asked {
  readonly address: Address
  readonly path: string
  readonly json: boolean
  /** Infinity: none. */
  readonly limit: number
}

export async function tap(args: readonly string[], io: TapIo = PROCESS): Promise<number> {
  let asked: Asked
  try {
    asked = parse(args, io)
  } catch (error) {
    io.err(`outrigger tap: ${(error as Error).message}\n${USAGE}\n`)
    return 2
  }
  const failure = await follow(asked, io)
  if (failure === '') return 0
  io.err(`outrigger tap: ${failure}\n`)
  return 1
}

/** Throws a sentence. */
function parse(args: readonly string[], { environment }: TapIo): Asked {
  const filters = Object.fromEntries(TAP_FIELDS.map((field) => [field, { type: 'string', multiple: true } as const]))
  const options = { ...filters, admin: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const stated = values as Record<string, string | boolean | string[] | undefined>
  const query = new URLSearchParams()
  for (const field of TAP_FIELDS)
    for (const text of (stated[field] as string[] | undefined) ?? []) query.append(field, text)
  const filter = readFilter(query, (field) => `--${field}`)
  if (typeof filter === 'string') throw new Error(filter)
  return {
    address: adminAddress(values.admin as string | undefined, environment),
    path: query.size === 0 ? '/tap' : `/tap?${query}`,
    json: values.json === true,
    limit: filter.limit,
  }
}

/** Resolves with '' or with why it ended. */
function follow({ address, path, json, limit }: Asked, { output }: TapIo): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let wanted = limit
  let stopped = false
  const stream = openLines(address, path, {
    line: (text) => {
      const told = JSON.parse(text) as TapLine
      if (!('lost' in told)) wanted--
      return output.write(`${json ? text : tapLine(told)}\n`)
    },
    ended: (sentence) => resolve(sentence === '' && wanted > 0 && !stopped ? 'the sidecar has ended' : sentence),
  })
  const stop = () => {
    stopped = true
    stream.close()
  }
  const resume = () => stream.resume()
  // A reader that slows down slows us; the sidecar goes on and tells what it left out.
  output.on('drain', resume)
  output.on('error', stop)
  for (const signal of SIGNALS) process.on(signal, stop)
  return promise.finally(() => {
    output.off('drain', resume)
    output.off('error', stop)
    for (const signal of SIGNALS) process.off(signal, stop)
  })
}
