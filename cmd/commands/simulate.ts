/** `outrigger simulate`: what a policy would have done with last night's requests, or with those of a model. */
import { parseArgs } from 'node:util'
import { formatIssue } from '../../src/config/issues.ts'
import type { Config, Issue } from '../../src/config/model.ts'
import { parseDuration } from '../../src/config/values/units.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { workloadOf as modelWorkload } from '../../src/simulate/model/workload.ts'
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
import { environment, pathsFrom } from './environment.ts'

const USAGE =
  'usage: outrigger simulate --config PATH… (--model FILE | --trace FILE) [--compare PATH]… [--seed N] [--name SIDECAR]\n' +
  '                          [--interval DURATION] [--format text|json]'

type Write = (text: string) => void

/** Rows of a time line that one still reads. */
const ROWS = 60

/** 0: simulated. 1: policies, model or trace that may not be loaded. 2: not understood. */
export async function simulate(
  args: readonly string[],
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  const asked = parse(args)
  if (typeof asked === 'string') {
    err(`outrigger simulate: ${asked}\n${USAGE}\n`)
    return 2
  }
  const configs = [asked.paths, asked.compare]
    .filter((paths) => paths.length > 0)
    .map((paths) => ({ paths, ...checkConfig(paths, { sidecarName: asked.name }) }))
  const say = (issues: readonly Issue[]): void => err(issues.map((issue) => `${formatIssue(issue)}\n`).join(''))
  for (const { issues } of configs) say(issues)
  if (configs.some(({ config }) => config === undefined)) return 1
  const services = [...new Set(configs.flatMap(({ config }) => (config as Config).services.map(({ name }) => name)))]
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
}

/** What to write on stderr where there is none. */
async function workloadFor(
  { model, trace, seed }: Asked,
  services: readonly string[],
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

/** A sentence where the arguments are wrong. */
function parse(args: readonly string[]): Asked | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', multiple: true },
        compare: { type: 'string', multiple: true },
        model: { type: 'string' },
        trace: { type: 'string' },
        seed: { type: 'string' },
        name: { type: 'string' },
        interval: { type: 'string' },
        format: { type: 'string' },
      },
    })
    const paths = values.config ?? pathsFrom('config')
    const [model, trace] = [values.model ?? environment('model'), values.trace ?? environment('trace')]
    const seed = values.seed ?? environment('seed')
    const format = values.format ?? environment('format') ?? 'text'
    if (paths.length === 0) return 'name the files with --config PATH'
    if ((model === undefined) === (trace === undefined)) return 'name a --model or a --trace, one of the two'
    if (seed !== undefined && !(/^[0-9]{1,10}$/.test(seed) && Number(seed) < 2 ** 32)) {
      return `--seed must be a whole number below 2^32, found '${seed}'`
    }
    if (format !== 'text' && format !== 'json') return `--format must be text or json, found '${format}'`
    const stated = values.interval ?? environment('interval')
    const interval = stated === undefined ? undefined : parseDuration(stated)
    if (interval !== undefined && !(interval.ok && interval.value >= 1)) {
      return `--interval must be a duration such as 1s, found '${stated}'`
    }
    return {
      paths,
      compare: values.compare ?? pathsFrom('compare'),
      model,
      trace,
      name: values.name ?? environment('name'),
      seed: seed === undefined ? undefined : Number(seed),
      interval: interval?.ok === true ? interval.value : undefined,
      json: format === 'json',
    }
  } catch (cause) {
    return (cause as Error).message
  }
}
