/**
 * The avalanche twice: with real processes, and simulated with the same policy files and `docs/models/avalanche.yaml`. The
 * simulation is worth something only as long as the two agree. Always at full scale.
 */
import { fileURLToPath } from 'node:url'
import { AVALANCHE } from '../../src/demo/schedule.ts'
import { duration, percent, table } from '../../src/demo/table.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { knownServices } from '../../src/simulate/model/known.ts'
import { loadModel } from '../../src/simulate/model/load.ts'
import { workloadOf } from '../../src/simulate/model/workload.ts'
import { resultOf } from '../../src/simulate/report/build.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { disturbed, type Figures, tellVariant, type Variant, VARIANTS } from './avalanche.ts'
import { type Bound, exactly } from './bounds.ts'
import type { Outcome, Setting } from './setting.ts'

const here = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What both are asked for. Times in ms, NaN: not seen. */
interface Told {
  readonly getOk: number
  readonly postOk: number
  readonly peak: number
  readonly calls: number
  /** POSTs answered 503, and 504. */
  readonly refused: number
  readonly timedOut: number
  readonly steps: Readonly<Record<string, number>>
  readonly opened: number
  readonly closed: number
}

export async function simulated(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const full: Setting = { ...setting, scale: 1, poisson: false }
  const variants = VARIANTS.filter(({ policy, name }) => policy !== undefined && name.includes(setting.only))
  const pairs: { variant: Variant; real: Figures; both: readonly [Told, Told] }[] = []
  for (const variant of variants) {
    say(`running: ${variant.name}`)
    const real = await tellVariant(variant, AVALANCHE, full, say)
    pairs.push({ variant, real, both: [realTold(real), await simulatedTold(variant)] })
  }
  say('')
  say(render(pairs))
  return {
    bounds: pairs.flatMap(({ variant, both: [real, model] }) => boundsOf(variant.name, real, model)),
    disturbed: pairs.some(({ real }) => disturbed(real)),
  }
}

function realTold({ get, post, peak, calls, steps, opened, closed }: Figures): Told {
  const [getOk, postOk] = [get.okPercent, post.okPercent]
  return { getOk, postOk, peak, calls, refused: post.refused, timedOut: post.timedOut, steps, opened, closed }
}

async function simulatedTold({ policy }: Variant): Promise<Told> {
  const { config } = checkConfig([here(`policies/${policy}.yaml`)])
  if (config === undefined) throw new Error(`policies/${policy}.yaml does not load`)
  const { model } = loadModel(here('docs/models/avalanche.yaml'), knownServices([config]))
  if (model === undefined) throw new Error('docs/models/avalanche.yaml does not load')
  const result = resultOf(await simulate(config, workloadOf(model), 1000), [])
  const outage = result.phases.find(({ name }) => name === 'outage')
  const [get, post] = outage?.streams ?? []
  if (outage === undefined || get === undefined || post === undefined) throw new Error('the model has changed')
  const steps: Record<string, number> = {}
  for (const { from, to } of result.breakers) steps[`${from} ${to}`] = (steps[`${from} ${to}`] ?? 0) + 1
  const first = (state: string, after: number): number => {
    return (result.breakers.find(({ to, at }) => to === state && at >= after)?.at ?? Number.NaN) - after
  }
  return {
    getOk: get.okPercent ?? Number.NaN,
    postOk: post.okPercent ?? Number.NaN,
    peak: outage.application.peakBusy,
    calls: outage.destinations.find(({ service }) => service === 'inventory')?.calls ?? 0,
    refused: post.answers['503'] ?? 0,
    timedOut: post.answers['504'] ?? 0,
    steps,
    opened: first('open', outage.from),
    closed: first('closed', outage.until),
  }
}

function render(pairs: readonly { variant: Variant; both: readonly [Told, Told] }[]): string {
  const heading = [
    'in the outage',
    '',
    'GET ok',
    'POST ok',
    'slots',
    'calls',
    '503',
    '504',
    'opened',
    'closed',
    'probes',
  ]
  const rows = pairs.flatMap(({ variant, both }) =>
    both.map((told, i) => [
      i === 0 ? variant.name : '',
      i === 0 ? 'real' : 'simulated',
      ...[percent(told.getOk), percent(told.postOk), `${told.peak}`, `${told.calls}`],
      ...[`${told.refused}`, `${told.timedOut}`, duration(told.opened), duration(told.closed)],
      `${told.steps['open half_open'] ?? 0}`,
    ]),
  )
  return table(heading, rows)
}

/** Success within a point, calls and refusals within a tenth, the breaker in the same steps. */
function boundsOf(name: string, real: Told, model: Told): Bound[] {
  const what = (of: string): string => `${name}: ${of}`
  const bounds = [
    within(what('GET ok %'), model.getOk, real.getOk, 1),
    within(what('POST ok %'), model.postOk, real.postOk, 1),
    within(what('calls'), model.calls, real.calls, real.calls / 10),
    within(what('POSTs answered 503'), model.refused, real.refused, real.refused / 10),
    within(what('POSTs answered 504'), model.timedOut, real.timedOut, real.timedOut / 10),
    exactly(what('steps of the breaker'), Object.keys(model.steps).sort(), Object.keys(real.steps).sort()),
  ]
  const rounds = real.steps['open half_open']
  if (rounds === undefined) return bounds
  const once = (told: Told): unknown => [told.steps['closed open'], told.steps['half_open closed']]
  return [
    ...bounds,
    exactly(what('opened and closed so often'), once(model), once(real)),
    // The length of each open time is a draw of ±10 %, in which the two need not agree.
    within(what('probes'), model.steps['open half_open'] ?? 0, rounds, 1),
    within(what('opened, ms'), model.opened, real.opened, 250),
  ]
}

function within(what: string, measured: number, wanted: number, slack: number): Bound {
  const show = (value: number): string => `${Math.round(value * 100) / 100}`
  const met = Math.abs(measured - wanted) <= slack
  return { what, limit: `${show(wanted)} ± ${show(slack)}`, measured: show(measured), met }
}
