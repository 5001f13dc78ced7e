/** `outrigger simulate`: what a policy would have done with last night's requests, or with those of a model. */
import { formatIssue } from '../../src/config/issues.ts'
import type { Config, Issue } from '../../src/config/model.ts'
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'
import { parseDuration } from '../../src/config/values/units.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { workloadOf as modelWorkload } from '../../src/simulate/model/workload.ts'
import { type KnownServices, knownServices } from '../../src/simulate/model/known.ts'
import { loadModel } from '../../src/simulate/model/load.ts'
import { niceInterval } from '../../src/simulate/record/timeline.ts'
import { resultOf } from '../../src/simulate/report/build.ts'
import { compare, comparisonText } from '../../src/simulate/report/compare.ts'
import type { Result } from '../../src/simulate/report/result.ts'
import { resultText } from '../../src/simulate/report/text.ts'
import { simulate as run } from '../../src/simulate/simulate.ts'
import { readTrace } from '../../src/simulate/trace/read.ts'
import { workloadOf as traceWorkload } from '../../src/simulate/trace/workload.ts'
import type { Workload } from '../../src/simulate/workload.ts'
import { command } from '../command-line/command.ts'
import { type Given, oneOf } from '../command-line/given.ts'
import { SIMULATE } from '../usage/simulate.ts'

/** Rows of a time line that one still reads. */
const ROWS = 60

export const simulate = command(SIMULATE, read, async (asked, { out, err }) => {
  const configs = [asked.paths, asked.compare]
    .filter((paths) => paths.length > 0)
    .map((paths) => ({ paths, ...checkConfig(paths, { sidecarName: asked.name }) }))
  const say = (issues: readonly Issue[]): void => err(issues.map((issue) => `${formatIssue(issue)}\n`).join(''))
  for (const { issues } of configs) say(issues)
  if (configs.some(({ config }) => config === undefined)) return 1
  const services = knownServices(configs.map(({ config }) => config as Config))
  const workload = await workloadFor(asked, services, say)
  if (typeof workload === 'string') {
    err(workload)
    return 1
  }
  const interval = asked.interval ?? niceInterval(workload.duration, ROWS)
  const results: Result[] = []
  for (const { config, paths } of configs) {
    results.push(resultOf(await run(config as Config, workload, interval), paths))
  }
  const [first, second] = results as [Result, Result | undefined]
  const told = second === undefined ? first : compare(first, second)
  if (asked.json) out(`${JSON.stringify(told, null, 2)}\n`)
  else out('differences' in told ? comparisonText(told) : resultText(told))
  return 0
})

/** What to write on stderr where there is none. */
async function workloadFor(
  { model, trace, seed }: Asked,
  services: KnownServices,
  say: (issues: readonly Issue[]) => void,
): Promise<Workload | string> {
  if (model !== undefined) {
    const loaded = loadModel(model, services)
    say(loaded.issues)
    return loaded.model === undefined ? '' : modelWorkload(loaded.model, seed)
  }
  const path = trace as string
  const read = await readTrace(path)
  return typeof read === 'string' ? `outrigger simulate: ${read}\n` : traceWorkload(path, read, seed ?? 1)
}

interface Asked {
  readonly paths: readonly string[]
  readonly compare: readonly string[]
  readonly model: string | undefined
  readonly trace: string | undefined
  readonly name: string | undefined
  readonly seed: number | undefined
  /** ms. */
  readonly interval: number | undefined
  readonly json: boolean
}

/** Throws an Error with a sentence. */
function read(given: Given<keyof typeof SIMULATE.flags>): Asked {
  const [paths, model, trace] = [given.paths('config'), given.text('model'), given.text('trace')]
  if (paths === undefined) throw new Error('name the files with --config PATH')
  if ((model === undefined) === (trace === undefined)) throw new Error('name a --model or a --trace, one of the two')
  return {
    paths,
    compare: given.paths('compare') ?? [],
    model,
    trace,
    name: given.text('name'),
    seed: given.readIfStated('seed', parseSeed),
    interval: given.readIfStated('interval', parseInterval),
    json: given.read('format', oneOf(['text', 'json'])) === 'json',
  }
}

function parseSeed(text: string): Parsed<number> {
  const fits = /^[0-9]{1,10}$/.test(text) && Number(text) < 2 ** 32
  return fits ? parsed(Number(text)) : unreadable('a whole number below 2^32', '')
}

/** ms. */
function parseInterval(text: string): Parsed<number> {
  const interval = parseDuration(text)
  return interval.ok && interval.value >= 1 ? interval : unreadable('a duration such as 1s', '')
}
