/** `outrigger tap`: the exchanges of a running sidecar, as they end. */
import { readFilter, TAP_FIELDS } from '../../src/admin/index.ts'
import { command, type Io, PROCESS_IO } from '../command-line/command.ts'
import type { Given } from '../command-line/given.ts'
import { STDOUT } from '../command-line/standard.ts'
import { type TapLine, tapLine } from '../tap/line.ts'
import { openLines } from '../tap/stream.ts'
import { TAP } from '../usage/live.ts'
import { type Address, adminAddress } from './admin-client.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** A terminal, or whatever reads the lines; a test hands in another. */
export interface TapIo extends Io {
  readonly output: Pick<NodeJS.WriteStream, 'write' | 'on' | 'off'>
}

interface Asked {
  readonly address: Address
  readonly path: string
  readonly json: boolean
  /** Infinity: none. */
  readonly limit: number
}

export const tap = command(
  TAP,
  read,
  async (asked, io: TapIo) => {
    const failure = await follow(asked, io)
    return failure === '' ? 0 : failure
  },
  { ...PROCESS_IO, output: STDOUT.stream },
)

/** Throws a sentence. */
function read(given: Given<keyof typeof TAP.flags>): Asked {
  const query = new URLSearchParams()
  for (const field of TAP_FIELDS) for (const text of given.texts(field) ?? []) query.append(field, text)
  const filter = readFilter(query, (field) => `--${field}`)
  if (typeof filter === 'string') throw new Error(filter)
  return {
    address: adminAddress(given),
    path: query.size === 0 ? '/tap' : `/tap?${query}`,
    json: given.is('json'),
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
