/**
 * gRPC, four shapes: the order service called by stock clients through two sidecars in line. Which calls are made, and what
 * must come of them, is in grpc/steps-*.ts; which libraries make and answer them, here.
 */
import { fileURLToPath } from 'node:url'
import { duration, table } from '../../src/demo/table.ts'
import { nowMs } from '../../src/demo/time.ts'
import type { Bound } from './bounds.ts'
import { withGo } from './grpc/go.ts'
import { cancels, deadlines, refusals, retries } from './grpc/steps-failures.ts'
import { metadata, shapes } from './grpc/steps-shapes.ts'
import { slowReaders } from './grpc/steps-slow.ts'
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
  const run = async (pairing: Pairing): Promise<void> => {
    const start = nowMs()
    const found = await tell(pairing, setting)
    bounds.push(...found)
    const missed = found.filter(({ met }) => !met).length
    rows.push([pairing.name, `${found.length}`, `${missed}`, duration(nowMs() - start)])
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
  return { bounds, disturbed: false }
}

async function tell(pairing: Pairing, setting: Setting): Promise<Bound[]> {
  const { scale, launch } = setting
  const slack = scale === 1 ? 0 : SLACK
  const judges: Judge[] = []
  const story = await Story.start(pairing, [...process.execArgv, ...launch.sidecar])
  try {
    judges.push(...(await shapes(story)), ...(await metadata(story)), ...(await retries(story)))
    judges.push(
      ...(await refusals(story)),
      ...(await deadlines(story, slack)),
      ...(await cancels(story, scale === 1 ? 10 : 3, slack)),
    )
    judges.push(...(await slowReaders(story, scale === 1 ? 40 : 15)))
  } finally {
    await story.stop()
  }
  return judges.flatMap((judge) => judge()).map((bound) => ({ ...bound, what: `${pairing.name}: ${bound.what}` }))
}
