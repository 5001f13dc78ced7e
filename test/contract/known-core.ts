/** Defects of src/core that are known and not yet mended; each moves to its test file when it is. Run by hand. */
import t from 'tap'
import { type RequestBody, type ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { NO_HEADERS } from '../../src/core/headers.ts'
import { HeldBody } from '../../src/core/held-body.ts'

for (const when of ['pauseResponse', 'data'] as const) {
  t.test(`HeldBody keeps the order when more comes from inside its replay (answered inside ${when})`, async (t) => {
    const came: string[] = []
    const asker: ResponseHandler = {
      informational() {
        body.data(Buffer.from('b'))
        body.end()
      },
      head() {},
      data() {},
      end() {},
      fail() {},
      pauseRequest() {},
      resumeRequest() {},
    }
    const body = new HeldBody(asker, { abandoned() {} })
    const answer = () => body.gate.informational(new ResponseHead(100, '', NO_HEADERS, 0, 'upstream', ''))
    body.data(Buffer.from('a'))
    body.data(Buffer.from('A'))
    body.pauseResponse()
    body.release({
      data(chunk) {
        came.push(String(chunk))
        if (when === 'data' && came.length === 1) answer()
      },
      end: () => came.push('end'),
      abort() {},
      pauseResponse: () => when === 'pauseResponse' && answer(),
      resumeResponse() {},
    } as RequestBody)
    t.strictSame(came, ['a', 'A', 'b', 'end'])
  })
}
