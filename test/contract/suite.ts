/** The one contract suite: generated histories against a layer, the shortest failing one shown. */
import t from 'tap'
import { Seeded } from '../support/seeded.ts'
import { makeHistory, shorten, type Step, written } from './history.ts'
import { type MakeSubject, Play } from './play.ts'

export interface SuiteOptions {
  /** Histories to play. */
  readonly runs?: number
  /** Run this one history only, to look at it. */
  readonly seed?: number
  /** Requests at the same time, at most. */
  readonly askers?: number
  readonly upgrades?: boolean
}

/** Histories per subject, unless it says otherwise. */
const RUNS = 1500
/** Over what anybody says: `CONTRACT_RUNS=50000` looks harder. */
const HARDER = process.env.CONTRACT_RUNS

/** Shown at most: the first failing histories are usually one defect. */
const SHOWN = 3

/** A test named `name`: every history against a subject of its own keeps G1–G9, loses no byte and leaves nothing behind. */
export function contractSuite(name: string, make: MakeSubject, options: SuiteOptions = {}): void {
  t.test(`${name} keeps the contract through generated histories`, async (t) => {
    const first = options.seed ?? 1
    const last = options.seed ?? Number(HARDER ?? options.runs ?? RUNS)
    let failed = 0
    for (let seed = first; seed <= last && failed < SHOWN; seed++) {
      const steps = historyOf(seed, options)
      const problems = await new Play(seed, make).run(steps)
      if (problems.length === 0) continue
      failed++
      t.fail(`${name}, seed ${seed}: ${problems[0]}`, { history: await shortest(seed, make, steps, problems[0]!) })
    }
    t.equal(failed, 0, `${last - first + 1} histories`)
  })
}

function historyOf(seed: number, options: SuiteOptions): Step[] {
  const random = new Seeded(seed)
  const askers = random.between(1, options.askers ?? 3)
  return makeHistory(random, { askers, steps: random.between(3, 30) * askers, upgrades: options.upgrades ?? true })
}

/** The same breach by the fewest steps: seed, steps, problems. */
async function shortest(seed: number, make: MakeSubject, steps: Step[], first: string): Promise<string[]> {
  const kind = first.slice(0, 6)
  const kept = await shorten(steps, async (fewer) => {
    const problems = await new Play(seed, make).run(fewer)
    return problems.some((problem) => problem.startsWith(kind))
  })
  const problems = await new Play(seed, make).run(kept)
  return [`seed ${seed}`, ...kept.map(written), '---', ...problems.slice(0, 5)]
}
