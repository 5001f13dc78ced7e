/**
 * gRPC, four shapes: the order service called by stock clients through two sidecars in line. Which calls are made, and what
 * must come of them, is in grpc/steps-*.ts; which libraries make and answer them, here.
 */
import { fileURLToPath } from 'node:url'
import { duration, table } from '../../src/demo/table.ts'
import { nowMs } from '../../src/demo/time.ts'
import { type Bound, strict } from './bounds.ts'
import { withGo } from './grpc/go.ts'
import { refusals, retries } from './grpc/steps-failures.ts'
import { metadata, shapes } from './grpc/steps-shapes.ts'
import { slowReaders } from './grpc/steps-slow.ts'
import { cancels, deadlines } from './grpc/steps-times.ts'
import { type Judge, type Pairing, Story } from './grpc/story.ts'
import type { Outcome, Setting } from './setting.ts'

/** Other test files run at the same time: ms that a time may be over its bound. */
const SLACK = 500

const node = (file: string): string[] => [process.execPath, fileURLToPath(new URL(`grpc/${file}.ts`, import.meta.url))]
const CLIENT = node('client')
const SERVER = node('server')
const STOCK: Pairing = { name: 'grpc-js → grpc-js', client: CLIENT, server: SERVER }

export async function grpcShapes(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const bounds: Bound[] = []
  const rows: string[][] = []
  let disturbed = false
  const run = async (pairing: Pairing): Promise<void> => {
    const start = nowMs()
    const outcome = await tell(pairing, setting)
    bounds.push(...outcome.bounds)
    disturbed ||= outcome.disturbed
    const missed = outcome.bounds.filter(({ met }) => !met).length
    rows.push([pairing.name, `${outcome.bounds.length}`, `${missed}`, duration(nowMs() - start)])
  }
  if (STOCK.name.includes(setting.only)) await run(STOCK)
  const left = await withGo(setting, async (go) => {
    const pairings: Pairing[] = [
      { name: 'grpc-go → grpc-js', client: go.client, server: SERVER },
      { name: 'grpc-js → grpc-go', client: CLIENT, server: go.server },
    ]
    for (const pairing of pairings) if (pairing.name.includes(setting.only)) await run(pairing)
  })
  say('')
  say(table(['client → server', 'bounds', 'missed', 'took'], rows))
  if (left !== '') say(`\ngrpc-go was left out: ${left}`)
  return { bounds, disturbed }
}

async function tell(pairing: Pairing, setting: Setting): Promise<Outcome> {
  const { scale, launch } = setting
  const slack = scale === 1 ? 0 : SLACK
  const counted: Judge[] = []
  const timed: Judge[] = []
  const story = await Story.start(pairing, [...process.execArgv, ...launch.sidecar])
  try {
    for (const step of [shapes, metadata, retries, refusals]) counted.push(...(await step(story)))
    timed.push(...(await story.timed(() => deadlines(story, slack))))
    timed.push(...(await story.timed(() => cancels(story, scale === 1 ? 10 : 3, slack))))
    counted.push(...(await (scale === 1 ? slowReaders(story, 160, 40) : slowReaders(story, 112, 15))))
  } finally {
    await story.stop()
  }
  const bounds = [...counted.flatMap((judge) => judge()).map(strict), ...timed.flatMap((judge) => judge())]
  return {
    bounds: bounds.map((bound) => ({ ...bound, what: `${pairing.name}: ${bound.what}` })),
    disturbed: story.disturbed,
  }
}
