/** Whoever reads slowly: what the sidecars keep for it must not grow with what is sent. */
import grpc from '@grpc/grpc-js'
import { atMost, exactly } from '../bounds.ts'
import { MIB } from './orders.ts'
import { spec } from './spec.ts'
import type { Growth, Judge, Story } from './story.ts'

/** More than four times what is allowed, and large enough to be seen whatever else there is. */
const WHOLE = 160 * MIB
const MESSAGE = 64 * 1024
const COUNT = WHOLE / MESSAGE
/** MiB. */
const LIMIT = 32

/** `pause`: ms at every MiB, see spec.ts. */
export async function slowReaders(story: Story, pause: number): Promise<Judge[]> {
  const down = spec('slow-client', 'GetUserOrders', { pause, does: { greet: COUNT, size: MESSAGE } })
  const up = spec('slow-server', 'BatchCreateOrders', { send: COUNT, size: MESSAGE, does: { pause } })
  const judges: Judge[] = []
  const reading = await story.watched(async () => {
    const { code, bytes, ordered } = await story.call(down)
    judges.push(() => exactly('160 MiB to a slow client', [code, bytes, ordered], [grpc.status.OK, WHOLE, true]))
  })
  judges.push(() => reading.map((growth) => grown('slow client', growth)))
  const writing = await story.watched(async () => {
    const { code } = await story.call(up)
    judges.push(() => {
      const read = story.seen(up.id, 'read').map(({ bytes, ordered }) => [bytes, ordered])
      return exactly('160 MiB to a slow server', [code, read], [grpc.status.OK, [[WHOLE, true]]])
    })
  })
  judges.push(() => writing.map((growth) => grown('slow server', growth)))
  return judges
}

function grown(what: string, { name, before, most }: Growth): ReturnType<typeof atMost> {
  return atMost(`${what}: MiB more in the ${name} (${before.toFixed(0)} before)`, most - before, LIMIT)
}
