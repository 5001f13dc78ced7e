/** Conversations gone wrong: bytes that flip, frames that are lost, doubled, swapped, cut short or say something else. */
import { FRAME_HEADER } from '../../src/http2/frames.ts'
import type { Seeded } from '../support/seeded.ts'

/** One mistake in `frames`; `keep` of them at the beginning stay as they are. */
export function spoil(random: Seeded, frames: readonly Buffer[], keep: number): Buffer[] {
  const spoiled = [...frames]
  const at = random.between(keep, spoiled.length - 1)
  const frame = Buffer.from(spoiled[at] as Buffer)
  switch (random.int(10)) {
    case 0:
      spoiled.splice(at, 1)
      break
    case 1:
      spoiled.splice(at, 0, frame)
      break
    case 2: {
      const other = random.between(keep, spoiled.length - 1)
      spoiled[at] = spoiled[other] as Buffer
      spoiled[other] = frame
      break
    }
    case 3:
      spoiled[at] = frame.subarray(0, random.int(frame.length))
      break
    case 4:
      // Another type, flags, stream or length.
      frame[random.pick([2, 3, 4, 4, 8])]! ^= 1 << random.int(8)
      spoiled[at] = frame
      break
    case 5:
      frame[random.int(FRAME_HEADER)] = random.int(256)
      spoiled[at] = frame
      break
    case 6:
      // A frame of a length that its type does not have, but well framed.
      spoiled[at] = resized(random, frame)
      break
    default:
      // In the payload mostly: fields, padding, priorities, numbers.
      if (frame.length > FRAME_HEADER) {
        const place = random.between(FRAME_HEADER, Math.min(frame.length - 1, FRAME_HEADER + 80))
        frame[place] = random.chance(0.5) ? random.int(256) : (frame[place] as number) ^ (1 << random.int(8))
      }
      spoiled[at] = frame
  }
  return random.chance(0.3) ? spoil(random, spoiled.length > keep ? spoiled : frames, keep) : spoiled
}

function resized(random: Seeded, frame: Buffer): Buffer {
  if (frame.length < FRAME_HEADER) return frame
  const first = frame.readUIntBE(0, 3)
  // A block in several frames is one unit here: only the first of them is resized.
  const size = random.int(first + 4)
  const payload = Buffer.concat([frame.subarray(FRAME_HEADER, FRAME_HEADER + first), Buffer.alloc(4, random.int(256))])
  const rest = frame.subarray(FRAME_HEADER + first)
  const header = Buffer.from(frame.subarray(0, FRAME_HEADER))
  header.writeUIntBE(size, 0, 3)
  return Buffer.concat([header, payload.subarray(0, size), rest])
}
