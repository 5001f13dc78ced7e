/** One history: what the askers, the answerers and the clock do, as a list that can be made, shortened and read. */
import type { Reason, Retryable } from '../../src/core/errors.ts'
import type { Seeded } from '../support/seeded.ts'

/** What an asker does at once when it is told something. */
export type AskerReaction = 'abort' | 'pause' | 'resume' | 'data' | 'end'
/** What an answerer does at once when it is told something. */
export type AnswererReaction = 'hold' | 'go' | 'break' | 'head' | 'data' | 'answer' | 'early-hint'

export type AskerEvent = 'informational' | 'head' | 'data' | 'end' | 'fail' | 'pauseRequest' | 'resumeRequest'
export type AnswererEvent = 'data' | 'end' | 'pauseResponse' | 'resumeResponse'

/** `who` is an asker's number; `which` chooses among the calls that run at that moment. */
export type Step =
  | { do: 'ask'; who: number; method: string; length: number; upgrade: string; deadline: number }
  | { do: 'send'; who: number; size: number }
  | { do: 'finish'; who: number; trailers: boolean }
  | { do: 'abort' | 'pause' | 'resume'; who: number }
  | { do: 'when asker'; who: number; event: AskerEvent; react: AskerReaction }
  | { do: '1xx'; which: number; status: number }
  | { do: 'head'; which: number; status: number; length: number }
  | { do: 'answer'; which: number; size: number }
  | { do: 'done'; which: number; trailers: boolean }
  | { do: 'break'; which: number; reason: Reason; retryable: Retryable }
  | { do: 'hold' | 'go'; which: number }
  | { do: 'when answerer'; which: number; event: AnswererEvent; react: AnswererReaction }
  | { do: 'time'; ms: number }
  | { do: 'microtasks' }

export function written(step: Step): string {
  const { do: what, ...rest } = step
  return [what, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(' ')
}

const SIZES = [1, 1, 10, 100, 3000, 20_000]
const STATUSES = [200, 200, 200, 204, 304, 404, 500, 502, 503, 503]
const BREAKS: readonly (readonly [Reason, Retryable])[] = [
  ['connect_failure', 'unsent'],
  ['connect_timeout', 'unsent'],
  ['upstream_reset', 'unsent-reused'],
  ['upstream_reset', 'unanswered'],
  ['upstream_reset', 'unanswered-reused'],
  ['upstream_reset', 'no'],
  ['protocol_error_upstream', 'no'],
]

/** What a subject can be asked; a wire refuses some of it by its nature. */
export interface HistoryShape {
  readonly askers: number
  readonly steps: number
  readonly upgrades: boolean
}

export function makeHistory(random: Seeded, shape: HistoryShape): Step[] {
  const steps: Step[] = []
  for (let who = 0; who < shape.askers; who++) {
    steps.splice(random.int(steps.length + 1), 0, makeAsk(random, who, shape.upgrades))
  }
  for (let i = 0; i < shape.steps; i++) {
    steps.splice(random.between(1, steps.length), 0, makeStep(random, random.int(shape.askers)))
  }
  return steps
}

function makeAsk(random: Seeded, who: number, upgrades: boolean): Step {
  const deadline = random.chance(0.2) ? random.between(1, 400) : Number.POSITIVE_INFINITY
  if (upgrades && random.chance(0.08))
    return { do: 'ask', who, method: 'GET', length: 0, upgrade: 'websocket', deadline }
  const method = random.pick(['GET', 'GET', 'PUT', 'POST', 'HEAD'])
  const bodiless = method === 'GET' || method === 'HEAD'
  const length = bodiless ? 0 : random.pick([-1, -1, 0, 1, 100, 5000, 40_000])
  return { do: 'ask', who, method, length, upgrade: '', deadline }
}

function makeStep(random: Seeded, who: number): Step {
  const which = random.int(8)
  const dice = random.int(100)
  if (dice < 12) return { do: 'send', who, size: random.pick(SIZES) }
  if (dice < 18) return { do: 'finish', who, trailers: random.chance(0.2) }
  if (dice < 21) return { do: 'abort', who }
  if (dice < 26) return { do: 'pause', who }
  if (dice < 31) return { do: 'resume', who }
  if (dice < 38) return { do: 'when asker', who, event: random.pick(ASKER_EVENTS), react: random.pick(ASKER_REACTIONS) }
  if (dice < 40) return { do: '1xx', which, status: random.pick([100, 102, 103]) }
  if (dice < 48) return { do: 'head', which, status: random.pick(STATUSES), length: random.pick([-1, -1, 0, 5, 3000]) }
  if (dice < 56) return { do: 'answer', which, size: random.pick(SIZES) }
  if (dice < 62) return { do: 'done', which, trailers: random.chance(0.2) }
  if (dice < 69) return makeBreak(random, which)
  if (dice < 73) return { do: 'hold', which }
  if (dice < 77) return { do: 'go', which }
  if (dice < 84) {
    return { do: 'when answerer', which, event: random.pick(ANSWERER_EVENTS), react: random.pick(ANSWERER_REACTIONS) }
  }
  if (dice < 94) return { do: 'time', ms: random.pick([1, 8, 30, 60, 150, 600]) }
  return { do: 'microtasks' }
}

function makeBreak(random: Seeded, which: number): Step {
  const [reason, retryable] = random.pick(BREAKS)
  return { do: 'break', which, reason, retryable }
}

const ASKER_EVENTS: readonly AskerEvent[] = [
  'informational',
  'head',
  'data',
  'end',
  'fail',
  'pauseRequest',
  'resumeRequest',
]
const ASKER_REACTIONS: readonly AskerReaction[] = ['abort', 'pause', 'resume', 'data', 'end']
const ANSWERER_EVENTS: readonly AnswererEvent[] = ['data', 'end', 'pauseResponse', 'resumeResponse']
const ANSWERER_REACTIONS: readonly AnswererReaction[] = ['hold', 'go', 'break', 'head', 'data', 'answer', 'early-hint']

/** The shortest list of steps that still fails, by leaving out ever smaller pieces. */
export async function shorten(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<Step[]> {
  let kept = [...steps]
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)]
      if (await fails(fewer)) kept = fewer
      else from += size
    }
  }
  return kept
}
