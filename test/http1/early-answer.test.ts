import t from 'tap'
import { ClientConnection } from '../../src/http1/client.ts'
import { makeRequest } from '../contract/exchanges.ts'
import { deliver, FakeSocket } from './fake-socket.ts'

/** Keeps what it is given, for the kernel took none of it, and says that it will take no more. */
class FullSocket extends FakeSocket {
  override write(data: string | Buffer): boolean {
    super.write(data)
    this.writableLength += data.length
    return false
  }
}

/** Whether the pool was given the connection back after an answer to a request that was handed over in full. */
function reusable(socket: FakeSocket): boolean {
  let released = false
  const owner = {
    limits: { maxHeaderBytes: 65_536, maxHeaders: 200 },
    believesPeer: true,
    connected() {},
    parting() {},
    released() {
      released = true
    },
    closed() {},
    defect(_where: string, error: unknown) {
      throw error
    },
  }
  const connection = new ClientConnection(socket.asSocket, owner, 0)
  socket.emit('connect')
  const nothing = () => {}
  const response = {
    informational: nothing,
    head: nothing,
    data: nothing,
    end: nothing,
    fail: nothing,
    pauseRequest: nothing,
    resumeRequest: nothing,
  }
  const body = connection.send(makeRequest({ method: 'POST', bodyLength: 3 }), response, 'subject')
  body.data(Buffer.from('abc'))
  body.end()
  connection.outbox.flush()
  deliver(connection, Buffer.from('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n'))
  return released
}

t.test('A connection on which a request still waits to be taken is not used again', (t) => {
  t.equal(reusable(new FakeSocket()), true)
  t.equal(reusable(new FullSocket()), false)
  t.end()
})
