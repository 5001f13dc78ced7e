/** What the demo shows at one moment, as lines of text. Pure: the terminal is `screen.ts`, the numbers come from `side.ts`. */
import type { PhaseName, Timetable } from './schedule.ts'
import type { SideView } from './side.ts'
import { bar, duration, padEnd, percent, sparkline } from './table.ts'
import type { BreakerState } from './watch.ts'

export interface Frame {
  readonly phase: PhaseName
  /** ms until the next phase. */
  readonly left: number
  readonly round: number
  readonly timetable: Timetable
  readonly without: SideView
  readonly guarded: SideView
}

/** Paints a text; without colours it returns it as it is. */
export type Paint = (colour: Colour, text: string) => string
export type Colour = 'good' | 'bad' | 'dim' | 'bold' | 'alarm' | 'calm' | 'notice'

const CODES: Readonly<Record<Colour, string>> = {
  good: '32',
  bad: '31',
  dim: '2',
  bold: '1',
  alarm: '1;97;41',
  calm: '1;30;42',
  notice: '1;30;43',
}

/** `colours` false where NO_COLOR is set or nobody looks. */
export function painter(colours: boolean): Paint {
  return (colour, text) => (colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text)
}

const LABEL = 22

/** The table, at most `columns` wide (at least 60). */
export function screenLines(frame: Frame, columns: number, paint: Paint): string[] {
  const { without, guarded } = frame
  const side = Math.floor((Math.max(60, columns) - LABEL - 2) / 2)
  const row = (label: string, left: string, right: string): string =>
    ` ${padEnd(label, LABEL)}${padEnd(left, side)}${right}`.trimEnd()
  const both = (label: string, cell: (view: SideView) => string): string => row(label, cell(without), cell(guarded))
  const bars = Math.min(30, side - 14)
  const seconds = Math.min(60, side - 4)
  return [
    headline(frame, columns, paint),
    '',
    row('', paint('bold', 'WITHOUT a sidecar'), paint('bold', 'WITH a sidecar')),
    paint('dim', ` ${'─'.repeat(LABEL + 2 * side - 2)}`),
    both('GET  ok', (view) => share(view.get.ok, paint)),
    both('     p99', (view) => speed(view.get.p99, paint)),
    both(`     last ${seconds} s`, (view) => line(view.history.slice(-seconds), paint)),
    both('POST ok', (view) => share(view.post.ok, paint)),
    both('     refused at once', (view) => refusals(view, paint)),
    both('     p99', (view) => speed(view.post.p99, paint)),
    both('busy slots', (view) => slots(view, bars, paint)),
    both('waiting for a slot', (view) => paint(view.waiting > 0 ? 'bad' : 'dim', `${view.waiting}`)),
    both('calls inventory holds', (view) => paint(view.held > 20 ? 'bad' : 'dim', `${view.held}`)),
    both('breaker', (view) => breaker(view, side, paint)),
    both('bulkhead', (view) => bulkhead(view, bars, paint)),
  ]
}

const TELLS: Readonly<Record<PhaseName, string>> = {
  calm: 'inventory answers in 5 ms',
  outage: 'inventory takes 20 s per call',
  recovery: 'inventory answers in 5 ms again',
}
const NEXT: Readonly<Record<PhaseName, string>> = { calm: 'outage', outage: 'recovery', recovery: 'next round' }
const PHASE_COLOUR: Readonly<Record<PhaseName, Colour>> = { calm: 'calm', outage: 'alarm', recovery: 'notice' }

function headline({ phase, left, round, timetable }: Frame, columns: number, paint: Paint): string {
  const badge = paint(PHASE_COLOUR[phase], ` ${phase.toUpperCase()} `)
  const text = `${TELLS[phase]}; ${NEXT[phase]} in ${Math.ceil(left / 1000)} s`
  const extra = `   round ${round + 1}, each side ${timetable.gets} GET/s + ${timetable.posts} POST/s`
  return ` ${badge} ${text}${columns >= 100 ? paint('dim', extra) : ''}`
}

function share(percentOk: number, paint: Paint): string {
  if (Number.isNaN(percentOk)) return paint('dim', '–')
  return paint(percentOk >= 99 ? 'good' : 'bad', percent(percentOk))
}

function speed(ms: number, paint: Paint): string {
  if (Number.isNaN(ms)) return paint('dim', '–')
  return paint(ms <= 100 ? 'good' : 'bad', duration(ms))
}

function refusals(view: SideView, paint: Paint): string {
  if (!(view.post.refused > 0)) return paint('dim', '–')
  return `${percent(view.post.refused)} in ${duration(view.post.refusedP99)}`
}

function slots(view: SideView, columns: number, paint: Paint): string {
  const colour = view.busy >= view.slots ? 'bad' : 'good'
  return `${padEnd(`${view.busy}/${view.slots}`, 9)}${paint(colour, bar(view.busy, view.slots, columns))}`
}

function bulkhead({ sidecar }: SideView, columns: number, paint: Paint): string {
  if (sidecar === undefined || sidecar.limit === 0) return paint('dim', '–')
  const { inflight, limit } = sidecar
  return `${padEnd(`${inflight}/${limit}`, 9)}${paint('good', bar(inflight, limit, columns))}`
}

/** With how long it took, where `columns` are enough for it. */
function breaker({ sidecar, opened, closed }: SideView, columns: number, paint: Paint): string {
  if (sidecar === undefined) return paint('dim', '–')
  const what = state(sidecar.breaker, paint)
  if (columns < 27) return what
  if (sidecar.breaker === 'closed') return Number.isNaN(closed) ? what : `${what}, ${duration(closed)} after recovery`
  return Number.isNaN(opened) ? what : `${what} opened ${duration(opened)} in`
}

function state(breaker: BreakerState, paint: Paint): string {
  if (breaker === 'open') return paint('alarm', ' OPEN ')
  if (breaker === 'half-open') return paint('notice', ' HALF-OPEN ')
  return breaker === 'closed' ? paint('good', 'closed') : paint('dim', '–')
}

function line(history: readonly number[], paint: Paint): string {
  return history.map((value) => paint(value >= 0.99 ? 'good' : 'bad', sparkline([value]))).join('')
}

const LEGEND = [
  'A GET needs nothing but one of the 200 slots. A POST also asks inventory, and holds its slot for as long.',
  'WITHOUT  Four seconds into the outage the POSTs have all slots; the GETs wait behind them until their clients leave.',
  'WITH     The timeout takes a slot back after 1 s, the bulkhead lends inventory 20 of them at most, and after ten',
  '         failures the breaker stops asking: POSTs are refused in a few ms, GETs do not notice. One call every 5 s',
  '         looks whether it is over.',
]

/** What one sees, told where there is room. */
export function legend(columns: number): string[] {
  return columns < 120 ? [] : LEGEND.map((text) => ` ${text}`)
}

/** The same in one line, for a log. */
export function plainLine(frame: Frame, elapsed: number): string {
  const seconds = Math.floor(elapsed / 1000)
  const clock = `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')}`
  return `${clock.padStart(5)} ${frame.phase.padEnd(8)} | without: ${told(frame.without)} | with: ${told(frame.guarded)}`
}

function told(view: SideView): string {
  const { get, post, sidecar } = view
  const parts = [
    `GET ok ${percent(get.ok)} p99 ${duration(get.p99)}`,
    `POST ok ${percent(post.ok)}${post.refused > 0 ? ` refused ${percent(post.refused)}` : ''}`,
    `slots ${view.busy}/${view.slots}`,
  ]
  if (sidecar !== undefined) parts.push(`breaker ${sidecar.breaker}`, `bulkhead ${sidecar.inflight}/${sidecar.limit}`)
  return parts.join(', ')
}
