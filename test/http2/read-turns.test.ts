import type { Socket } from 'node:net'
import t from 'tap'
import type { FrameReader } from '../../src/http2/frame-reader.ts'
import type { FrameWriter } from '../../src/http2/frame-writer.ts'
import { ReadTurns, type TurnTaker } from '../../src/http2/read-turns.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/raw.ts'

t.test('ReadTurns reads what came while the rest of a read waited behind that rest', async (t) => {
  let paused = false
  let wholeReads = 0
  let text = ''
  // A turn is over after three bytes.
  const reader = {
    read(chunk: Buffer, from: number): number {
      const to = Math.min(chunk.length, from + 3)
      text += chunk.toString('latin1', from, to)
      return to
    },
  }
  const taker: TurnTaker = {
    clock: new FakeClock(),
    socket: { pause: () => (paused = true), resume: () => (paused = false) } as unknown as Socket,
    out: { unread: 0 } as FrameWriter,
    full: false,
    closed: false,
    frames: { allRead: () => wholeReads++ },
    nextTurn: () => turns.goOn(),
  }
  const turns = new ReadTurns(taker, reader as unknown as FrameReader)
  const borrowed = Buffer.from('abcdefgh')
  turns.came(borrowed, 0)
  borrowed.fill('z')
  t.ok(paused, 'others have their turn')
  turns.came(Buffer.from('ijkl'), 0)
  t.equal(text, 'abc')
  while (paused) await turn()
  t.equal(text, 'abcdefghijkl')
  t.equal(wholeReads, 1)
})
