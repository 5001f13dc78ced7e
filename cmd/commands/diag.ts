/** `outrigger diag`: all that somebody who is to help would ask for, in one archive. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { SystemClock } from '../../src/core/clock.ts'
import { collect, type DiagOptions } from '../../src/kubernetes/diag/collect.ts'
import { type Entry, tar } from '../../src/kubernetes/diag/tar.ts'
import { clusterReader } from './cluster-reader.ts'

const USAGE =
  'usage: outrigger diag [-n NAMESPACE] [POD] [--system-namespace NS] [--context NAME] [--tail LINES] [-o FILE.tar|FOLDER]'

type Write = (text: string) => void

/** Pods of which everything is taken where nobody names one. */
const MOST = 20

/** 0: written. 1: the cluster cannot be reached, the pod is not there, nothing can be written. 2: not understood. */
export async function diag(
  args: readonly string[],
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  const asked = parse(args)
  if (typeof asked === 'string') {
    err(`outrigger diag: ${asked}\n${USAGE}\n`)
    return 2
  }
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
    err(`outrigger diag: ${(error as Error).message}\n`)
    return 1
  }
}

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

function parse(args: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: 'string', short: 'n', default: 'default' },
        'system-namespace': {
          type: 'string',
          default: process.env['OUTRIGGER_SYSTEM_NAMESPACE'] || 'outrigger-system',
        },
        context: { type: 'string', default: '' },
        tail: { type: 'string', default: '500' },
        output: { type: 'string', short: 'o', default: 'outrigger-diag.tar' },
      },
    })
    if (positionals.length > 1) return `name one pod at most, found ${positionals.length}`
    const tail = Number(values.tail)
    if (!Number.isInteger(tail) || tail < 1) return `--tail must be a number of lines, found '${values.tail}'`
    return {
      namespace: values.namespace,
      pod: positionals[0] ?? '',
      systemNamespace: values['system-namespace'],
      context: values.context,
      output: values.output,
      admin: 19_002,
      most: MOST,
      tail,
    }
  } catch (cause) {
    return (cause as Error).message
  }
}
