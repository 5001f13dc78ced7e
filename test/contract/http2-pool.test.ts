import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch, ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { ForwardingBody, ForwardingHandler } from '../../src/core/forwarding.ts'
import type { Headers } from '../../src/core/headers.ts'
import { PoolWorld } from './http2-pool-world.ts'

t.test('the HTTP/2 client pool keeps the contract through generated histories over real sockets', async (t) => {
  const first = Number(process.env.CONTRACT_SEED ?? 1)
  const last = Number(process.env.CONTRACT_SEED ?? process.env.CONTRACT_RUNS ?? 400)
  const failures: string[] = []
  for (let seed = first; seed <= last && failures.length < 3; seed++) {
    const world = new PoolWorld(seed)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})

function handler(Handler: new (up: ResponseHandler) => ForwardingHandler) {
  return (wire: Dispatch): Dispatch =>
    (request, response) =>
      new ForwardingBody(wire(request, new Handler(response)))
}

function body(Body: new (down: ReturnType<Dispatch>) => ForwardingBody) {
  return (wire: Dispatch): Dispatch =>
    (request, response) =>
      new Body(wire(request, response))
}

const MUTANTS: readonly (readonly [what: string, expected: RegExp, mutant: (wire: Dispatch) => Dispatch])[] = [
  [
    'loses a byte of an answer',
    /not what was sent|bytes of answer/,
    handler(
      class extends ForwardingHandler {
        override data(chunk: Buffer): void {
          this.up.data(chunk.subarray(1))
        }
      },
    ),
  ],
  [
    'loses the trailers of an answer',
    /other trailers/,
    handler(
      class extends ForwardingHandler {
        override end(): void {
          this.up.end()
        }
      },
    ),
  ],
  [
    'takes a broken answer for a whole one',
    /told of an end|bytes of answer|without a head/,
    handler(
      class extends ForwardingHandler {
        override fail(): void {
          this.up.end()
        }
      },
    ),
  ],
  [
    'says unsent of what was sent',
    /and the origin has it/,
    handler(
      class extends ForwardingHandler {
        override fail({ reason, source, cause }: ProxyError): void {
          this.up.fail(new ProxyError(reason, source, 'unsent', cause))
        }
      },
    ),
  ],
  [
    'ends twice',
    /^G2/,
    handler(
      class extends ForwardingHandler {
        override end(trailers?: Headers): void {
          this.up.end(trailers)
          this.up.end(trailers)
        }
      },
    ),
  ],
  [
    'passes 1xx by head',
    /^G3/,
    handler(
      class extends ForwardingHandler {
        override informational(head: ResponseHead): void {
          this.up.head(head)
        }
      },
    ),
  ],
  [
    'never resumes the request',
    /waits for ever/,
    handler(
      class extends ForwardingHandler {
        override resumeRequest(): void {}
      },
    ),
  ],
  [
    'keeps a resume to itself',
    /waits for ever/,
    body(
      class extends ForwardingBody {
        override resumeResponse(): void {}
      },
    ),
  ],
  [
    'swallows an abort',
    /^G9/,
    body(
      class extends ForwardingBody {
        override abort(): void {}
      },
    ),
  ],
]

for (const [what, expected, mutant] of MUTANTS) {
  t.test(`the same histories find a pool that ${what}`, async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
      const world = new PoolWorld(seed, mutant)
      await world.run()
      const found = world.problems.find((problem) => expected.test(problem))
      if (found === undefined) continue
      t.pass(`${found} at history ${seed}`)
      return
    }
    t.fail('not found in 60 histories')
  })
}
