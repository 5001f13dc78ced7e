/** `outrigger check`: is everything in the cluster as it must be, and if not, what to do. */
import { parseArgs } from 'node:util'
import { SystemClock } from '../../src/core/clock.ts'
import { runChecks } from '../../src/kubernetes/check/checks.ts'
import type { Result } from '../../src/kubernetes/check/finding.ts'
import { failed, jsonReport, junitReport, shortReport } from '../../src/kubernetes/check/report.ts'
import { takeSnapshot } from '../../src/kubernetes/check/snapshot.ts'
import { checkTexts } from '../../src/runtime/check-config.ts'
import { clusterReader } from './cluster-reader.ts'

const USAGE =
  'usage: outrigger check [--pre] [--namespace NS] [--system-namespace NS] [--context NAME] [-o short|json|junit]'

type Write = (text: string) => void

const REPORTS: Readonly<Record<string, (results: readonly Result[]) => string>> = {
  short: shortReport,
  json: jsonReport,
  junit: junitReport,
}

/** 0: nothing failed. 1: something did, or the cluster cannot be reached. 2: not understood. */
export async function check(
  args: readonly string[],
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  const asked = parse(args)
  if (typeof asked === 'string') {
    err(`outrigger check: ${asked}\n${USAGE}\n`)
    return 2
  }
  try {
    const now = new SystemClock().wallTime()
    const { reader, close } = clusterReader(asked.context)
    const checkPolicies = (files: readonly { path: string; text: string }[]) => checkTexts(files, { now }).issues
    const results = runChecks(await takeSnapshot(reader, { ...asked, now, checkPolicies }))
    await close()
    out(asked.report(results))
    return failed(results) ? 1 : 0
  } catch (error) {
    err(`outrigger check: ${(error as Error).message}\n`)
    return 1
  }
}

interface Asked {
  readonly pre: boolean
  readonly namespace: string
  readonly systemNamespace: string
  readonly context: string
  readonly report: (results: readonly Result[]) => string
}

function parse(args: readonly string[]): Asked | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        pre: { type: 'boolean', default: false },
        namespace: { type: 'string', short: 'n', default: '' },
        'system-namespace': {
          type: 'string',
          default: process.env['OUTRIGGER_SYSTEM_NAMESPACE'] || 'outrigger-system',
        },
        context: { type: 'string', default: '' },
        output: { type: 'string', short: 'o', default: 'short' },
      },
    })
    const report = Object.hasOwn(REPORTS, values.output) ? REPORTS[values.output] : undefined
    if (report === undefined) return `-o must be one of short, json, junit, found '${values.output}'`
    const { pre, namespace, context } = values
    return { pre, namespace, context, systemNamespace: values['system-namespace'], report }
  } catch (cause) {
    return (cause as Error).message
  }
}
