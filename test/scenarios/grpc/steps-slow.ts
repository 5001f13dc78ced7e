/** Whoever reads slowly: what the sidecars keep for it must not grow with what is sent. */
import grpc from '@grpc/grpc-js'
import { atMost, type Bound, exactly } from '../bounds.ts'
import { MIB } from './orders.ts'
import { spec } from './spec.ts'
import type { Growth, Judge, Story } from './story.ts'

const MESSAGE = 64 * 1024
/** MiB. */
const LIMIT = 32

/** `mib`: several times what is allowed. `pause`: ms at every MiB, see spec.ts. */
export async function slowReaders(story: Story, mib: number, pause: number): Promise<Judge[]> {
  const whole = mib * MIB
  const count = whole / MESSAGE
  const down = spec('slow-client', 'GetUserOrders', { pause, does: { greet: count, size: MESSAGE } })
  const up = spec('slow-server', 'BatchCreateOrders', { send: count, size: MESSAGE, does: { pause } })
  const judges: Judge[] = []
  const reading = await story.watched(async () => {
    const { code, bytes, ordered } = await story.call(down)
    judges.push(() => exactly(`${mib} MiB to a slow client`, [code, bytes, ordered], [grpc.status.OK, whole, true]))
  })
  judges.push(() => reading.flatMap((growth) => grown('slow client', growth)))
  const writing = await story.watched(async () => {
    const { code } = await story.call(up)
    judges.push(() => {
      const read = story.seen(up.id, 'read').map(({ bytes, ordered }) => [bytes, ordered])
      return exactly(`${mib} MiB to a slow server`, [code, read], [grpc.status.OK, [[whole, true]]])
    })
  })
  judges.push(() => writing.flatMap((growth) => grown('slow server', growth)))
  return judges
}

/** Nothing where there is no /proc to ask. */
function grown(what: string, { name, before, most }: Growth): Bound[] {
  if (Number.isNaN(before)) return []
  return [atMost(`${what}: MiB more in the ${name} (${before.toFixed(0)} before)`, most - before, LIMIT)]
}
