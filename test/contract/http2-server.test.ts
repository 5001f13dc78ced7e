import t from 'tap'
import type { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch, ResponseHandler } from '../../src/core/exchange.ts'
import { ForwardingBody, ForwardingHandler } from '../../src/core/forwarding.ts'
import type { Headers } from '../../src/core/headers.ts'
import { ServerWorld } from './http2-server-world.ts'

t.test('the HTTP/2 server wire keeps the contract through generated histories over real sockets', async (t) => {
  const first = Number(process.env.CONTRACT_SEED ?? 1)
  const last = Number(process.env.CONTRACT_SEED ?? process.env.CONTRACT_RUNS ?? 400)
  const failures: string[] = []
  for (let seed = first; seed <= last && failures.length < 3; seed++) {
    const world = new ServerWorld(seed)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})

function handler(Handler: new (up: ResponseHandler) => ForwardingHandler) {
  return (dispatch: Dispatch): Dispatch =>
    (request, response) =>
      new ForwardingBody(dispatch(request, new Handler(response)))
}

function body(Body: new (down: ReturnType<Dispatch>) => ForwardingBody) {
  return (dispatch: Dispatch): Dispatch =>
    (request, response) =>
      new Body(dispatch(request, response))
}

/** What a wire would do that had the defect: it stands right beneath the real one. */
const MUTANTS: readonly (readonly [what: string, expected: RegExp, mutant: (dispatch: Dispatch) => Dispatch])[] = [
  [
    'loses a byte of a request',
    /not what was sent|bytes of request|asker/,
    body(
      class extends ForwardingBody {
        override data(chunk: Buffer): void {
          super.data(chunk.subarray(1))
        }
      },
    ),
  ],
  [
    'loses the trailers of a request',
    /other trailers/,
    body(
      class extends ForwardingBody {
        override end(): void {
          super.end()
        }
      },
    ),
  ],
  [
    'does not tell that the client left',
    /never ended|still held|a stall/,
    body(
      class extends ForwardingBody {
        override abort(): void {}
      },
    ),
  ],
  [
    'sends on after the end',
    /data after end/,
    body(
      class extends ForwardingBody {
        override end(trailers?: Headers): void {
          super.end(trailers)
          super.data(Buffer.from('x'))
        }
      },
    ),
  ],
  [
    'forgets to resume the request',
    /a stall/,
    handler(
      class extends ForwardingHandler {
        override resumeRequest(): void {}
      },
    ),
  ],
  [
    'forgets to resume the answer',
    /a stall/,
    body(
      class extends ForwardingBody {
        override resumeResponse(): void {}
      },
    ),
  ],
  [
    'loses bytes of an answer',
    /came changed|bytes|closed/,
    handler(
      class extends ForwardingHandler {
        override data(chunk: Buffer): void {
          this.up.data(chunk.subarray(1))
        }
      },
    ),
  ],
  [
    'makes a broken answer look whole',
    /looks whole/,
    handler(
      class extends ForwardingHandler {
        override fail(_error: ProxyError): void {
          this.up.end()
        }
      },
    ),
  ],
]

for (const [what, expected, mutant] of MUTANTS) {
  t.test(`the same histories find a server wire that ${what}`, async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
      const world = new ServerWorld(seed, mutant)
      await world.run()
      const found = world.problems.find((problem) => expected.test(problem))
      if (found === undefined) continue
      t.pass(`${found} at history ${seed}`)
      return
    }
    t.fail('not found in 60 histories')
  })
}
