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
import { costOf } from './patience.ts'
import { SETTING } from './peer-settings.ts'
import type { Connection } from './connection.ts'
import { KEEPALIVE } from './vigil.ts'

/** Settings of one frame, and streams whose windows a setting moves, that cost a token. */
const SETTINGS_PER_TOKEN = 8
const STREAMS_PER_TOKEN = 16

/** What the PING says that goes out between the two GOAWAYs of a drain. */
export const DRAINING = 2

export function onPriority(connection: Connection, id: number, payload: Buffer, from: number, to: number): void {
  if (id === 0) connection.connectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0')
  else if (to - from !== 5) streamError(connection, id, FRAME_SIZE_ERROR, 'a PRIORITY that is not five bytes')
  else if (readUint31(payload, from) === id) dependsOnItself(connection, id)
  else connection.calm(1, 'PRIORITY')
}

/** RFC 7540 §5.3.1; RFC 9113 gave priorities up and does not forbid to go on refusing it. */
export function dependsOnItself(connection: Connection, id: number): void {
  streamError(connection, id, PROTOCOL_ERROR, 'a stream that depends on itself')
}

/** A frame that breaks its stream, or, where that is none, costs patience. */
function streamError(connection: Connection, id: number, code: number, cause: string): void {
  if (connection.closed) return
  const stream = connection.streams.get(id)
  if (stream !== undefined) connection.resetStream(stream, code, cause)
  else if (connection.isIdle(id)) connection.connectionError(code, `${cause}, on an idle stream`)
  else {
    connection.writeReset(id, code)
    connection.calm(10, cause)
  }
}

export function onReset(connection: Connection, id: number, payload: Buffer, from: number, to: number): void {
  if (to - from !== 4) connection.connectionError(FRAME_SIZE_ERROR, 'an RST_STREAM that is not four bytes')
  else if (id === 0) connection.connectionError(PROTOCOL_ERROR, 'RST_STREAM on stream 0')
  else {
    const stream = connection.streams.get(id)
    const code = readUint32(payload, from)
    if (stream?.outlives(code)) return
    if (stream !== undefined) {
      connection.forget(stream)
      stream.onReset(code, `the peer reset the stream: ${errorName(code)}`, true)
      if (connection.isThrownAway(stream)) connection.calmResets('RST_STREAM')
    } else if (connection.isIdle(id)) connection.connectionError(PROTOCOL_ERROR, 'RST_STREAM on an idle stream')
    else if (!connection.crossed(id)) connection.calm(1, 'RST_STREAM')
  }
}

export function onSettings(
  connection: Connection,
  flags: number,
  id: number,
  payload: Buffer,
  from: number,
  to: number,
): void {
  if (id !== 0) {
    connection.connectionError(PROTOCOL_ERROR, 'SETTINGS on a stream')
    return
  }
  const size = to - from
  if ((flags & ACK) !== 0) {
    if (size > 0) connection.connectionError(FRAME_SIZE_ERROR, 'a SETTINGS ACK that says something')
    else if (connection.calm(1, 'SETTINGS')) connection.settingsConfirmed()
    return
  }
  if (size % SETTING !== 0) {
    connection.connectionError(FRAME_SIZE_ERROR, 'SETTINGS of a broken length')
    return
  }
  if (!connection.calm(5 + Math.floor(size / (SETTING * SETTINGS_PER_TOKEN)), 'SETTINGS')) return
  const { peer } = connection
  const problem = peer.read(payload, from, to, connection.out)
  if (problem !== 0) {
    connection.connectionError(problem, `a setting ${peer.refused} that it may not be`)
    return
  }
  if (!moveWindows(connection)) return
  peer.settled = true
  connection.out.settingsAck()
  connection.settingsChanged()
  connection.waiting.flush()
}

/**
 * §6.9.2: the open streams' windows move with it, once a frame, however often the frame says it. Returns false when the
 * connection ended.
 */
function moveWindows(connection: Connection): boolean {
  const { peer, streams } = connection
  const difference = peer.nextWindow - peer.window
  if (difference === 0) return true
  if (!connection.calm(Math.floor(streams.size / STREAMS_PER_TOKEN), 'SETTINGS')) return false
  peer.window = peer.nextWindow
  for (const stream of streams.all()) {
    stream.sendWindow += difference
    if (stream.sendWindow > MAX_WINDOW) {
      const cause = 'an initial window with which a stream has more than 2^31 − 1 bytes'
      connection.connectionError(FLOW_CONTROL_ERROR, cause)
      return false
    }
    if (difference > 0 && stream.sourcePaused) connection.waiting.add(stream)
  }
  return true
}

export function onPing(
  connection: Connection,
  flags: number,
  id: number,
  payload: Buffer,
  from: number,
  to: number,
): void {
  if (id !== 0) connection.connectionError(PROTOCOL_ERROR, 'PING on a stream')
  else if (to - from !== 8) connection.connectionError(FRAME_SIZE_ERROR, 'a PING that is not eight bytes')
  else if (!connection.calm(1, 'PING')) return
  else if ((flags & ACK) === 0) connection.out.pingAck(payload, from)
  else {
    const what = payload[to - 1] as number
    if (what === KEEPALIVE) connection.vigil.pingAnswered()
    else if (what === DRAINING) connection.drainAnswered()
  }
}

export function onGoaway(connection: Connection, id: number, payload: Buffer, from: number, to: number): void {
  if (id !== 0) connection.connectionError(PROTOCOL_ERROR, 'GOAWAY on a stream')
  else if (to - from < 8) connection.connectionError(FRAME_SIZE_ERROR, 'a GOAWAY that is too short')
  else if (connection.calm(costOf(to - from), 'GOAWAY')) {
    const debug = payload.toString('latin1', from + 8, Math.min(to, from + 8 + 200))
    connection.goneAway(readUint31(payload, from), readUint32(payload, from + 4), debug)
  }
}

export function onWindowUpdate(connection: Connection, id: number, payload: Buffer, from: number, to: number): void {
  if (to - from !== 4) connection.connectionError(FRAME_SIZE_ERROR, 'a WINDOW_UPDATE that is not four bytes')
  else if (id === 0) creditConnection(connection, readUint31(payload, from))
  else creditStream(connection, id, readUint31(payload, from))
}

function creditConnection(connection: Connection, increment: number): void {
  if (increment === 0) connection.connectionError(PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
  else if (connection.sendWindow + increment > MAX_WINDOW) {
    connection.connectionError(FLOW_CONTROL_ERROR, 'a connection window of more than 2^31 − 1 bytes')
  } else {
    connection.sendWindow += increment
    if (calmUpdate(connection)) connection.waiting.flush()
  }
}

function creditStream(connection: Connection, id: number, increment: number): void {
  const stream = connection.streams.get(id)
  if (stream === undefined) {
    if (connection.isIdle(id)) connection.connectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream')
    else calmUpdate(connection)
  } else if (increment === 0) connection.resetStream(stream, PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
  else if (calmUpdate(connection)) stream.credited(increment)
}

function calmUpdate(connection: Connection): boolean {
  if (connection.patience.update()) return true
  connection.flooded('WINDOW_UPDATE')
  return false
}
