/** `outrigger validate PATH…`: the loader of `run`, and nothing else. */
import { formatIssue } from '../../src/config/issues.ts'
import type { Loaded } from '../../src/config/load.ts'
import { type Counts, countOf, inWords, plural } from '../../src/config/report/count.ts'
import { toJson } from '../../src/config/report/json.ts'
import { toSarif } from '../../src/config/report/sarif.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { readTls } from '../../src/runtime/tls/read.ts'
import { command } from '../command-line/command.ts'
import { type Given, oneOf } from '../command-line/given.ts'
import { VALIDATE } from '../usage/validate.ts'

const FORMATS: Readonly<Record<'text' | 'json' | 'sarif', (loaded: Loaded) => string>> = {
  text: ({ issues }) => issues.map((issue) => `${formatIssue(issue)}\n`).join(''),
  json: ({ issues, files }) => toJson(issues, files),
  sarif: ({ issues }) => toSarif(issues),
}

export const validate = command(VALIDATE, read, ({ paths, format, strict }, { out, err }) => {
  const now = new SystemClock().wallTime()
  const loaded = checkConfig(paths, { now, tls: (files) => readTls(files, now).problems })
  const counts = countOf(loaded.issues)
  out(format(loaded))
  err(summary(counts, loaded.files.length))
  return counts.errors > 0 || (strict && counts.warnings > 0) ? 1 : 0
})

/** Throws an Error with a sentence. */
function read(given: Given<keyof typeof VALIDATE.flags>) {
  if (given.words.length === 0) throw new Error('name at least one file or folder')
  return {
    paths: given.words,
    format: FORMATS[given.read('format', oneOf(['text', 'json', 'sarif']))],
    strict: given.is('warnings-as-errors'),
  }
}

function summary(counts: Counts, files: number): string {
  const read = `${plural(files, 'file')} read`
  return counts.errors + counts.warnings === 0 ? `${read}: nothing to object to\n` : `${read}: ${inWords(counts)}\n`
}
