/** `outrigger diag`: all that somebody who is to help would ask for, in one archive. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SystemClock } from '../../src/core/clock.ts'
import { collect, type DiagOptions } from '../../src/kubernetes/diag/collect.ts'
import { type Entry, tar } from '../../src/kubernetes/diag/tar.ts'
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'
import { command } from '../command-line/command.ts'
import type { Given } from '../command-line/given.ts'
import { DIAG } from '../usage/cluster.ts'
import { clusterReader } from './cluster-reader.ts'

/** Pods of which everything is taken where nobody names one. */
const MOST = 20

export const diag = command(DIAG, read, async (asked, { err }) => {
  try {
    const now = new SystemClock().wallTime()
    const { reader, close } = clusterReader(asked.context)
    const entries = await collect(reader, asked)
    await close()
    write(asked.output, entries, now)
    const missing = entries.filter(({ name }) => name.endsWith('.missing')).length
    err(`${asked.output}: ${entries.length} files, ${missing} of them say why something is missing\n`)
    return 0
  } catch (error) {
    return (error as Error).message
  }
})

function write(output: string, entries: readonly Entry[], now: number): void {
  if (output.endsWith('.tar')) {
    writeFileSync(output, tar(entries, now), { mode: 0o600 })
    return
  }
  for (const { name, text } of entries) {
    const path = join(output, name)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, text, { mode: 0o600 })
  }
}

interface Asked extends DiagOptions {
  readonly context: string
  readonly output: string
}

/** Throws an Error with a sentence. */
function read(given: Given<keyof typeof DIAG.flags>): Asked {
  const { words } = given
  if (words.length > 1) throw new Error(`name one pod at most, found ${words.length}`)
  return {
    namespace: given.read('namespace', parsed),
    pod: words[0] ?? '',
    systemNamespace: given.read('system-namespace', parsed),
    context: given.text('context') ?? '',
    output: given.read('output', parsed),
    admin: 19_002,
    most: MOST,
    tail: given.read('tail', parseLines),
  }
}

function parseLines(text: string): Parsed<number> {
  const lines = Number(text)
  return Number.isInteger(lines) && lines >= 1 ? parsed(lines) : unreadable('a number of lines', '')
}
