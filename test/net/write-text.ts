import { put } from '../../src/core/latin1.ts'
import type { Outbox } from '../../src/net/outbox.ts'

/** As heads are written: into the room that the outbox has. */
export function writeText(outbox: Outbox, text: string): void {
  const room = outbox.room(text.length)
  outbox.commit(put(room, outbox.at, text))
}
