/** What the peer says besides heads and bodies: resets, settings, pings, credit, its end (RFC 9113 §6.3 to §6.9). */
import {
  ACK,
  errorName,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  MAX_WINDOW,
  PROTOCOL_ERROR,
  readUint31,
  readUint32,
} from './frames.ts'
import { SETTING } from './peer-settings.ts'
import type { Session } from './session.ts'
import { KEEPALIVE } from './vigil.ts'

/** Settings of one frame, and streams whose windows a setting moves, that cost a token. */
const SETTINGS_PER_TOKEN = 8
const STREAMS_PER_TOKEN = 16

/** What the PING says that goes out between the two GOAWAYs of a drain. */
export const DRAINING = 2

export function onPriority(session: Session, id: number, payload: Buffer, from: number, to: number): void {
  if (id === 0) session.connectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0')
  else if (to - from !== 5) streamError(session, id, FRAME_SIZE_ERROR, 'a PRIORITY that is not five bytes')
  else if (readUint31(payload, from) === id) dependsOnItself(session, id)
  else session.calm(1, 'PRIORITY')
}

/** RFC 7540 §5.3.1; RFC 9113 gave priorities up and does not forbid to go on refusing it. */
export function dependsOnItself(session: Session, id: number): void {
  streamError(session, id, PROTOCOL_ERROR, 'a stream that depends on itself')
}

/** A frame that breaks its stream, or, where that is none, costs patience. */
function streamError(session: Session, id: number, code: number, cause: string): void {
  if (session.closed) return
  const stream = session.streams.get(id)
  if (stream !== undefined) session.resetStream(stream, code, cause)
  else if (session.isIdle(id)) session.connectionError(code, `${cause}, on an idle stream`)
  else {
    session.writeReset(id, code)
    session.calm(10, cause)
  }
}

export function onReset(session: Session, id: number, payload: Buffer, from: number, to: number): void {
  if (to - from !== 4) session.connectionError(FRAME_SIZE_ERROR, 'an RST_STREAM that is not four bytes')
  else if (id === 0) session.connectionError(PROTOCOL_ERROR, 'RST_STREAM on stream 0')
  else {
    const stream = session.streams.get(id)
    if (stream?.outlives()) return
    if (stream !== undefined) {
      const code = readUint32(payload, from)
      session.forget(stream)
      stream.onReset(code, `the peer reset the stream: ${errorName(code)}`, true)
      if (session.isThrownAway(stream)) session.calmResets('RST_STREAM')
    } else if (session.isIdle(id)) session.connectionError(PROTOCOL_ERROR, 'RST_STREAM on an idle stream')
    else session.calm(1, 'RST_STREAM')
  }
}

export function onSettings(
  session: Session,
  flags: number,
  id: number,
  payload: Buffer,
  from: number,
  to: number,
): void {
  if (id !== 0) {
    session.connectionError(PROTOCOL_ERROR, 'SETTINGS on a stream')
    return
  }
  const size = to - from
  if ((flags & ACK) !== 0) {
    if (size > 0) session.connectionError(FRAME_SIZE_ERROR, 'a SETTINGS ACK that says something')
    return
  }
  if (size % SETTING !== 0) {
    session.connectionError(FRAME_SIZE_ERROR, 'SETTINGS of a broken length')
    return
  }
  if (!session.calm(5 + Math.floor(size / (SETTING * SETTINGS_PER_TOKEN)), 'SETTINGS')) return
  const { peer } = session
  const problem = peer.read(payload, from, to, session.out)
  if (problem !== 0) {
    session.connectionError(problem, `a setting ${peer.refused} that it may not be`)
    return
  }
  if (!moveWindows(session)) return
  peer.settled = true
  session.out.settingsAck()
  session.settingsChanged()
  session.waiting.flush()
}

/**
 * §6.9.2: the open streams' windows move with it, once a frame, however often the frame says it. Returns false when the
 * connection ended.
 */
function moveWindows(session: Session): boolean {
  const { peer, streams } = session
  const difference = peer.nextWindow - peer.window
  if (difference === 0) return true
  if (!session.calm(Math.floor(streams.size / STREAMS_PER_TOKEN), 'SETTINGS')) return false
  peer.window = peer.nextWindow
  for (const stream of streams.all()) {
    stream.sendWindow += difference
    if (stream.sendWindow > MAX_WINDOW) {
      const cause = 'an initial window with which a stream has more than 2^31 − 1 bytes'
      session.connectionError(FLOW_CONTROL_ERROR, cause)
      return false
    }
    if (difference > 0 && stream.sourcePaused) session.waiting.add(stream)
  }
  return true
}

export function onPing(session: Session, flags: number, id: number, payload: Buffer, from: number, to: number): void {
  if (id !== 0) session.connectionError(PROTOCOL_ERROR, 'PING on a stream')
  else if (to - from !== 8) session.connectionError(FRAME_SIZE_ERROR, 'a PING that is not eight bytes')
  else if ((flags & ACK) === 0) {
    if (session.calm(1, 'PING')) session.out.pingAck(payload, from)
  } else {
    const what = payload[to - 1] as number
    if (what === KEEPALIVE) session.vigil.pingAnswered()
    else if (what === DRAINING) session.drainAnswered()
  }
}

export function onGoaway(session: Session, id: number, payload: Buffer, from: number, to: number): void {
  if (id !== 0) session.connectionError(PROTOCOL_ERROR, 'GOAWAY on a stream')
  else if (to - from < 8) session.connectionError(FRAME_SIZE_ERROR, 'a GOAWAY that is too short')
  else {
    const debug = payload.toString('latin1', from + 8, Math.min(to, from + 8 + 200))
    session.goneAway(readUint31(payload, from), readUint32(payload, from + 4), debug)
  }
}

export function onWindowUpdate(session: Session, id: number, payload: Buffer, from: number, to: number): void {
  if (to - from !== 4) session.connectionError(FRAME_SIZE_ERROR, 'a WINDOW_UPDATE that is not four bytes')
  else if (id === 0) creditConnection(session, readUint31(payload, from))
  else creditStream(session, id, readUint31(payload, from))
}

function creditConnection(session: Session, increment: number): void {
  if (increment === 0) session.connectionError(PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
  else if (session.sendWindow + increment > MAX_WINDOW) {
    session.connectionError(FLOW_CONTROL_ERROR, 'a connection window of more than 2^31 − 1 bytes')
  } else {
    session.sendWindow += increment
    if (calmUpdate(session)) session.waiting.flush()
  }
}

function creditStream(session: Session, id: number, increment: number): void {
  const stream = session.streams.get(id)
  if (stream === undefined) {
    if (session.isIdle(id)) session.connectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream')
    else calmUpdate(session)
  } else if (increment === 0) session.resetStream(stream, PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
  else if (calmUpdate(session)) stream.credited(increment)
}

function calmUpdate(session: Session): boolean {
  if (session.patience.update()) return true
  session.flooded('WINDOW_UPDATE')
  return false
}
