/** What one of our connections wrote, by stream: independent of how it was cut into frames. */
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER,
  GOAWAY,
  HEADERS,
  PING,
  readUint24,
  readUint31,
  readUint32,
  RST_STREAM,
  SETTINGS,
} from '../../src/http2/frames.ts'
import { type Pair, ReferenceDecoder } from './hpack/reference.ts'

export interface WrittenStream {
  readonly heads: (readonly Pair[])[]
  body: string
  ended: boolean
  /** Error code of an RST_STREAM; -1: none. */
  reset: number
}

export interface Written {
  readonly streams: Record<number, WrittenStream>
  readonly pings: string[]
  settingsAcks: number
  /** Error code of the last GOAWAY; -1: none. */
  goaway: number
}

export interface RawFrame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
  /** Its header too. */
  readonly whole: Buffer
}

/** Throws where the bytes do not end with a frame. */
function splitFrames(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_HEADER + readUint24(bytes, at)
    if (end > bytes.length) throw new Error(`a frame that is cut off at ${at}`)
    const whole = bytes.subarray(at, end)
    const payload = whole.subarray(FRAME_HEADER)
    frames.push({ type: whole[3] as number, flags: whole[4] as number, id: readUint31(whole, 5), payload, whole })
    at = end
  }
  return frames
}

/** Our connections pad nothing and give no priorities. */
export function readFrames(bytes: Buffer): Written {
  const written: Written = { streams: {}, pings: [], settingsAcks: 0, goaway: -1 }
  const decoder = new ReferenceDecoder()
  let block = Buffer.alloc(0)
  let blockEnds = false
  for (const { type, flags, id, payload } of splitFrames(bytes)) {
    const stream = (): WrittenStream => {
      written.streams[id] ??= { heads: [], body: '', ended: false, reset: -1 }
      const found = written.streams[id]
      if (found.ended || found.reset >= 0) {
        // A stream that is over may be reset, and again when something comes for it.
        if (type !== RST_STREAM) throw new Error(`frame ${type} behind the end of stream ${id}`)
      }
      return found
    }
    switch (type) {
      case DATA:
        stream().body += payload.toString('latin1')
        if (flags & END_STREAM) stream().ended = true
        break
      case HEADERS:
      case CONTINUATION:
        if (type === HEADERS) {
          block = Buffer.alloc(0)
          blockEnds = (flags & END_STREAM) !== 0
        }
        block = Buffer.concat([block, payload])
        if (!(flags & END_HEADERS)) break
        stream().heads.push(decoder.decode(block).map(({ name, value }) => [name, value]))
        if (blockEnds) stream().ended = true
        break
      case RST_STREAM:
        stream().reset = readUint32(payload, 0)
        break
      case SETTINGS:
        if (flags & ACK) written.settingsAcks++
        break
      case PING:
        if (flags & ACK) written.pings.push(payload.toString('latin1'))
        break
      case GOAWAY:
        written.goaway = readUint32(payload, 4)
        break
    }
  }
  return written
}
