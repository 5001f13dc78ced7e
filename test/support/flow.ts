/** Bytes that somebody does not read, until every buffer on the way is full. */
import { eventually } from './ask.ts'

/** A socket, or a stream of either version of HTTP. */
export interface Writing {
  write(piece: Buffer): boolean
  once(event: 'drain', listener: () => void): unknown
  readonly destroyed?: boolean
}

/** Writes `piece` until `size` bytes are sent, as fast as they are taken, holding no more than one. */
export function pour(
  into: Writing,
  piece: Buffer,
  size: number,
  done: () => void = () => {},
): { readonly sent: number } {
  const state = { sent: 0 }
  const more = (): void => {
    while (state.sent < size && into.destroyed !== true) {
      state.sent += piece.length
      if (!into.write(piece)) return void into.once('drain', more)
    }
    done()
  }
  more()
  return state
}

/** Looks, and ms between two of them, in which nothing moved: the kernel tells nobody that its buffers are full. */
const LOOKS = 5
const PAUSE = 20

/** Waits until what is measured is more than 0 and grows no more; returns it. */
export async function untilSteady(what: string, measure: () => number): Promise<number> {
  let before = -1
  let same = 0
  await eventually(what, async () => {
    const now = measure()
    same = now === before ? same + 1 : 0
    before = now
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    return now > 0 && same >= LOOKS
  })
  return before
}
