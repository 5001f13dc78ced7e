/** `outrigger check`: is everything in the cluster as it must be, and if not, what to do. */
import { parsed } from '../../src/config/values/parsed.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { runChecks } from '../../src/kubernetes/check/checks.ts'
import { failed, jsonReport, junitReport, shortReport } from '../../src/kubernetes/check/report.ts'
import { takeSnapshot } from '../../src/kubernetes/check/snapshot.ts'
import { checkTexts } from '../../src/runtime/check-config.ts'
import { command } from '../command-line/command.ts'
import { type Given, oneOf } from '../command-line/given.ts'
import { CHECK } from '../usage/cluster.ts'
import { clusterReader } from './cluster-reader.ts'

const REPORTS = { short: shortReport, json: jsonReport, junit: junitReport }

export const check = command(CHECK, read, async (asked, { out }) => {
  try {
    const now = new SystemClock().wallTime()
    const { reader, close } = clusterReader(asked.context)
    const checkPolicies = (files: readonly { path: string; text: string }[]) => checkTexts(files, { now }).issues
    const results = runChecks(await takeSnapshot(reader, { ...asked, now, checkPolicies }))
    await close()
    out(asked.report(results))
    return failed(results) ? 1 : 0
  } catch (error) {
    return (error as Error).message
  }
})

function read(given: Given<keyof typeof CHECK.flags>) {
  return {
    pre: given.is('pre'),
    namespace: given.text('namespace') ?? '',
    systemNamespace: given.read('system-namespace', parsed),
    context: given.text('context') ?? '',
    report: REPORTS[given.read('output', oneOf(['short', 'json', 'junit']))],
  }
}
