/** Defects of the HTTP/1.1 codec that are known and not yet mended. Run by hand. */
import t from 'tap'
import { readByClient } from '../http1/read-client.ts'

t.test(
  'BodyReader holds trailers to maxHeaderBytes also when their end comes in the read that goes over it',
  async (t) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n'
    const bytes = Buffer.from(`${head}A: ${'a'.repeat(100_000)}\r\n\r\n`)
    t.equal(readByClient(bytes, [60_000], 'GET', false).terminal, 'fail protocol_error_upstream')
  },
)
