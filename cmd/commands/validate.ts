/** `outrigger validate PATH…`: the loader of `run`, and nothing else. */
import { parseArgs } from 'node:util'
import { formatIssue } from '../../src/config/issues.ts'
import type { Loaded } from '../../src/config/load.ts'
import { type Counts, countOf, inWords, plural } from '../../src/config/report/count.ts'
import { toJson } from '../../src/config/report/json.ts'
import { toSarif } from '../../src/config/report/sarif.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { readTls } from '../../src/runtime/tls/read.ts'

const USAGE = 'usage: outrigger validate PATH… [--format text|json|sarif] [--warnings-as-errors]'

type Write = (text: string) => void

const FORMATS: Readonly<Record<string, (loaded: Loaded) => string>> = {
  text: ({ issues }) => issues.map((issue) => `${formatIssue(issue)}\n`).join(''),
  json: ({ issues, files }) => toJson(issues, files),
  sarif: ({ issues }) => toSarif(issues),
}

/** 0: may be loaded. 1: may not (or has warnings and `--warnings-as-errors` is given). 2: not understood. */
export async function validate(
  args: readonly string[],
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  const asked = parse(args)
  if (typeof asked === 'string') {
    err(`outrigger validate: ${asked}\n${USAGE}\n`)
    return 2
  }
  const now = new SystemClock().wallTime()
  const loaded = checkConfig(asked.paths, { now, tls: (files) => readTls(files, now).problems })
  const counts = countOf(loaded.issues)
  out(asked.format(loaded))
  err(summary(counts, loaded.files.length))
  return counts.errors > 0 || (asked.strict && counts.warnings > 0) ? 1 : 0
}

interface Asked {
  readonly paths: readonly string[]
  readonly format: (loaded: Loaded) => string
  readonly strict: boolean
}

/** A sentence where the arguments are wrong. */
function parse(args: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: process.env.OUTRIGGER_FORMAT || 'text' },
        'warnings-as-errors': { type: 'boolean', default: process.env.OUTRIGGER_WARNINGS_AS_ERRORS === 'true' },
      },
    })
    if (positionals.length === 0) return 'name at least one file or folder'
    const format = Object.hasOwn(FORMATS, values.format) ? FORMATS[values.format] : undefined
    if (format === undefined) return `--format must be one of text, json, sarif, found '${values.format}'`
    return { paths: positionals, format, strict: values['warnings-as-errors'] }
  } catch (cause) {
    return (cause as Error).message
  }
}

function summary(counts: Counts, files: number): string {
  const read = `${plural(files, 'file')} read`
  return counts.errors + counts.warnings === 0 ? `${read}: nothing to object to\n` : `${read}: ${inWords(counts)}\n`
}
