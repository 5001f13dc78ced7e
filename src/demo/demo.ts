/**
 * The demo: two shops side by side, one with sidecars and one without, the same customers in both, and the same outage
 * over and over. A live table in a terminal, plain lines elsewhere.
 */
import { type Frame, legend, painter, plainLine, screenLines } from './frame.ts'
import { avalanchePolicy } from './policies.ts'
import { DEMO, phaseAt, scaleTimetable, type Timetable } from './schedule.ts'
import { Screen, type Terminal } from './screen.ts'
import { type Launch, Shop } from './shop.ts'
import { Side } from './side.ts'
import { nowMs, sleep } from './time.ts'

export interface DemoOptions {
  readonly launch: Launch
  /** Where the table goes; undefined: plain lines through `say`. */
  readonly terminal: Terminal | undefined
  readonly say: (text: string) => void
  readonly colours: boolean
  /** How often the story is told; Infinity: until somebody has seen enough. */
  readonly rounds: number
  /** What every time is divided by. 1 to watch, more to test. */
  readonly scale: number
  /** The line that puts a sidecar before the reader's own service. */
  readonly ownService: string
  /** Set when the demo shall end. */
  readonly stop: { wanted: boolean }
}

const FRAME = 200
/** A plain line so often, in ms. */
const LINE = 2000

/** Runs until `stop.wanted` or the last round is over. Resolves with the exit code; nothing it started is left. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { launch, scale, say } = options
  const timetable = scaleTimetable(DEMO, scale)
  say('Starting two shops, one without and one with sidecars: six processes …')
  const shops = await startShops([
    { launch, client: 'none', policy: undefined, scale },
    { launch, client: 'none', policy: avalanchePolicy, scale },
  ])
  const [without, guarded] = shops.map((shop) => new Side(shop, timetable))
  try {
    if (without === undefined || guarded === undefined) return 1
    return await show(without, guarded, timetable, options)
  } finally {
    await Promise.all([without?.stop(), guarded?.stop()])
    await Promise.all(shops.map((shop) => shop.stop()))
  }
}

/** All or none: when one does not start, the others are stopped. */
async function startShops(wanted: readonly Parameters<typeof Shop.start>[0][]): Promise<Shop[]> {
  const results = await Promise.allSettled(wanted.map((options) => Shop.start(options)))
  const shops = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return shops
  await Promise.all(shops.map((shop) => shop.stop()))
  throw failed.reason
}

async function show(without: Side, guarded: Side, timetable: Timetable, options: DemoOptions): Promise<number> {
  const { terminal, say, stop, rounds } = options
  const hints = hintsFor(guarded.shop, options.ownService)
  for (const hint of hints) say(hint)
  const screen = terminal === undefined ? undefined : new Screen(terminal)
  const paint = painter(options.colours)
  screen?.open()
  without.start()
  guarded.start()
  const start = nowMs()
  let phase = ''
  let lineDue = LINE
  let last: Frame | undefined
  try {
    for (;;) {
      const elapsed = nowMs() - start
      const { name, left, round } = phaseAt(timetable, elapsed)
      if (stop.wanted || round >= rounds) return 0
      const fallen = without.shop.fallen ?? guarded.shop.fallen
      if (fallen !== undefined) throw new Error(`${fallen.name} has ended:\n${fallen.lastWords}`)
      if (name !== phase) {
        phase = name
        const latencyMs = name === 'outage' ? timetable.outageLatency : timetable.normalLatency
        await Promise.all([without, guarded].map((side) => side.turn(name, latencyMs)))
      }
      last = { phase: name, left, round, timetable, without: without.view(), guarded: guarded.view() }
      if (screen !== undefined)
        screen.draw([...screenLines(last, screen.columns, paint), '', ...hints], legend(screen.columns))
      else if (elapsed >= lineDue) {
        lineDue += LINE
        say(plainLine(last, elapsed))
      }
      await sleep(FRAME)
    }
  } finally {
    screen?.close()
    // The second screen is gone with all it showed: what one may still need stands on the first.
    if (screen !== undefined && last !== undefined) say(plainLine(last, nowMs() - start))
    if (screen !== undefined) say('Everything stopped.')
  }
}

function hintsFor(shop: Shop, ownService: string): string[] {
  return [
    ` Look at the sidecar:   http://${shop.admin}/ in a browser, live; also   /metrics   /state   /config`,
    `                        http://${shop.admin}/explain?url=http://inventory/`,
    ` Order something:       curl http://${shop.entrance}/api/orders/O-1`,
    ' Before your own service on port 8080, in one line:',
    `   ${ownService}`,
    ' Ctrl-C stops everything.',
  ]
}
