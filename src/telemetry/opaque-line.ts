/** The access log's lines of connections that passed as bytes. */
// cold file: once a connection
import type { OpaqueConnection } from '../core/opaque.ts'
import type { LineWriter } from './line-writer.ts'

export function opaqueJsonLine(to: LineWriter, connection: OpaqueConnection): void {
  const { wallTime, direction, serverName, destination, original, upstream, why, end } = connection
  to.ascii(`{"time":"${new Date(wallTime).toISOString()}","direction":"${direction}","original":`)
  to.quoted(original)
  if (serverName !== '') {
    to.ascii(',"serverName":')
    to.quoted(serverName)
  }
  to.ascii(',"service":')
  to.quoted(destination)
  to.ascii(',"upstream":')
  to.quoted(upstream)
  to.ascii(`,"why":"${why}","durationMs":`)
  to.millis(connection.duration)
  to.ascii(`,"reason":"${end}","receivedBytes":`)
  to.int(connection.received)
  to.ascii(',"sentBytes":')
  to.int(connection.sent)
  to.ascii(`,"peer":"${connection.peerAddress}","peerPort":${connection.peerPort},"protocol":"TCP"}\n`)
}

/** For people. */
export function opaqueTextLine(to: LineWriter, connection: OpaqueConnection): void {
  const { wallTime, direction, serverName, destination, original, upstream, why, end } = connection
  const from = `${connection.peerAddress} ${connection.peerPort}`
  to.ascii(`${new Date(wallTime).toISOString()} ${direction} ${from} TCP ${original} `)
  if (serverName === '') to.ascii('-')
  else to.quoted(serverName)
  to.ascii(` ${destination} ${why} ${end} `)
  to.millis(connection.duration)
  to.ascii(`ms received=${connection.received} sent=${connection.sent} ${upstream}\n`)
}
