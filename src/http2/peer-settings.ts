/** What the peer has set (RFC 9113 §6.5). */
import type { FrameWriter } from './frame-writer.ts'
import {
  DEFAULT_FRAME,
  DEFAULT_WINDOW,
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  FLOW_CONTROL_ERROR,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  PROTOCOL_ERROR,
  readUint32,
} from './frames.ts'

/** Bytes of one setting: its name and its value. */
export const SETTING = 6

export class PeerSettings {
  /** Its first SETTINGS came. */
  settled: boolean
  /** The window that streams of ours begin with, and what the frame that was read last makes of it (§6.9.2). */
  window: number
  nextWindow: number
  maxStreams: number
  /** Extended CONNECT (RFC 8441 §3). */
  connects: boolean
  /** The setting that may not be what it is, after a refusal. */
  refused: number

  constructor() {
    this.settled = false
    this.window = DEFAULT_WINDOW
    this.nextWindow = DEFAULT_WINDOW
    this.maxStreams = Number.POSITIVE_INFINITY
    this.connects = false
    this.refused = 0
  }

  /** Takes over the settings of one frame; what concerns frames and HPACK goes to `out`. Returns an error code, or 0. */
  read(payload: Buffer, from: number, to: number, out: FrameWriter): number {
    this.nextWindow = this.window
    for (let at = from; at < to; at += SETTING) {
      const name = ((payload[at] as number) << 8) | (payload[at + 1] as number)
      const problem = this.#set(name, readUint32(payload, at + 2), out)
      if (problem === 0) continue
      this.refused = name
      return problem
    }
    return 0
  }

  #set(name: number, value: number, out: FrameWriter): number {
    switch (name) {
      case HEADER_TABLE_SIZE:
        out.allowTable(value)
        return 0
      case ENABLE_PUSH:
        return value > 1 ? PROTOCOL_ERROR : 0
      case MAX_CONCURRENT_STREAMS:
        this.maxStreams = value
        return 0
      case INITIAL_WINDOW_SIZE:
        this.nextWindow = value
        return value > MAX_WINDOW ? FLOW_CONTROL_ERROR : 0
      case MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME || value > 0xff_ffff) return PROTOCOL_ERROR
        // Larger frames would hold up the other streams for longer and save little.
        out.maxFrame = Math.min(value, 2 * DEFAULT_FRAME)
        return 0
      case ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (value === 0 && this.connects)) return PROTOCOL_ERROR
        this.connects = value === 1
        return 0
      default:
        return 0
    }
  }
}
