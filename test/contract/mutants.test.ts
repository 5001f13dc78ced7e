/** The suite itself: a layer that breaks one guarantee is found out. */
import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import type { Dispatch, Layer, RequestHead, ResponseHandler, ResponseHead } from '../../src/core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../src/core/forwarding.ts'
import type { Headers } from '../../src/core/headers.ts'
import { type MakeSubject, Play, type SubjectEnv } from './play.ts'
import { makeHistory } from './history.ts'
import { Seeded } from '../support/seeded.ts'

const ERROR = new ProxyError('circuit_open', 'proxy', 'no', 'a mutant')

function handler(Handler: new (up: ResponseHandler) => ForwardingHandler): Layer {
  return (next) => (request, response) => new ForwardingBody(next(request, new Handler(response)))
}

function body(Body: new (down: ReturnType<Dispatch>) => ForwardingBody): Layer {
  return (next) => (request, response) => new Body(next(request, response))
}

/** Keeps what it passes on, as it came. */
class Keeping extends ForwardingBody {
  readonly kept: Buffer[] = []

  constructor() {
    super(NO_BODY)
  }

  override data(chunk: Buffer): void {
    this.kept.push(chunk)
    this.down.data(chunk)
  }
}

/** Dispatches again whatever was seen before. */
class Again extends ForwardingHandler {
  readonly body: ForwardingBody
  readonly #next: Dispatch
  readonly #request: RequestHead
  #left = 1

  constructor(next: Dispatch, request: RequestHead, up: ResponseHandler, body = new ForwardingBody(NO_BODY)) {
    super(up)
    this.#next = next
    this.#request = request
    this.body = body
    body.down = next(request, this)
  }

  override fail(error: ProxyError): void {
    const { body } = this
    if (this.#left-- > 0) {
      body.down = this.#next(this.#request, this)
      if (body instanceof Keeping) for (const chunk of body.kept) body.down.data(chunk)
    } else this.up.fail(error)
  }
}

const forgetful =
  ({ clock }: SubjectEnv): Layer =>
  (next) =>
  (request, response) => {
    clock.schedule(1e9, { expired() {} })
    return next(request, response)
  }

const MUTANTS: readonly (readonly [what: string, expected: RegExp, layer: Layer])[] = [
  [
    'answers before dispatch returned',
    /^G1/,
    () => (_request, response) => {
      response.fail(ERROR)
      return new ForwardingBody({ data() {}, end() {}, abort() {}, pauseResponse() {}, resumeResponse() {} })
    },
  ],
  [
    'fails after the end',
    /^G2/,
    handler(
      class extends ForwardingHandler {
        override end(trailers?: Headers): void {
          this.up.end(trailers)
          this.up.fail(ERROR)
        }
      },
    ),
  ],
  [
    'resumes after the end',
    /^G2/,
    handler(
      class extends ForwardingHandler {
        override end(trailers?: Headers): void {
          this.up.end(trailers)
          this.up.resumeRequest()
        }
      },
    ),
  ],
  [
    'passes the head twice',
    /^G3/,
    handler(
      class extends ForwardingHandler {
        override head(head: ResponseHead): void {
          this.up.head(head)
          this.up.head(head)
        }
      },
    ),
  ],
  [
    'passes a 1xx by head',
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
    'swallows the head',
    /^G3/,
    handler(
      class extends ForwardingHandler {
        override head(): void {}
      },
    ),
  ],
  ['dispatches after a head, or after an abort', /^G[49]/, (next) => (req, res) => new Again(next, req, res).body],
  [
    'never resumes the request',
    /^G5/,
    handler(
      class extends ForwardingHandler {
        override resumeRequest(): void {}
      },
    ),
  ],
  [
    'keeps a pause of the request to itself',
    /^G5/,
    handler(
      class extends ForwardingHandler {
        override pauseRequest(): void {}
      },
    ),
  ],
  [
    'keeps a pause of the answer to itself',
    /^G5/,
    body(
      class extends ForwardingBody {
        override pauseResponse(): void {}
      },
    ),
  ],
  [
    'never resumes the answer',
    /^G5/,
    body(
      class extends ForwardingBody {
        override resumeResponse(): void {}
      },
    ),
  ],
  [
    'throws',
    /^G6/,
    handler(
      class extends ForwardingHandler {
        override informational(): void {
          throw new Error('a mutant')
        }
      },
    ),
  ],
  [
    'writes over a chunk it passed on',
    /^G7/,
    handler(
      class extends ForwardingHandler {
        override data(chunk: Buffer): void {
          this.up.data(chunk)
          chunk.fill(0)
        }
      },
    ),
  ],
  [
    'keeps a chunk that it passed on, and sends it again',
    /is not what was sent/,
    (next) => (request, response) => new Again(next, request, response, new Keeping()).body,
  ],
  [
    'changes a head',
    /^G8/,
    (next) => (request, response) => {
      const down = next(request, response)
      ;(request as { method: string }).method += 'X'
      return down
    },
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
  [
    'answers an abort later',
    /^G9/,
    body(
      class extends ForwardingBody {
        override abort(reason: ProxyError): void {
          queueMicrotask(() => super.abort(reason))
        }
      },
    ),
  ],
  [
    'leaves the attempt running when it fails',
    /still running/,
    handler(
      class extends ForwardingHandler {
        override informational(): void {
          this.up.fail(ERROR)
        }
      },
    ),
  ],
  [
    'swallows a failure',
    /waits for ever/,
    handler(
      class extends ForwardingHandler {
        override fail(): void {}
      },
    ),
  ],
  [
    'loses trailers of the answer',
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
    'loses trailers of the request',
    /other trailers/,
    body(
      class extends ForwardingBody {
        override end(): void {
          this.down.end()
        }
      },
    ),
  ],
  [
    'loses bytes',
    /bytes of answer|is not what was sent/,
    handler(
      class extends ForwardingHandler {
        override data(chunk: Buffer): void {
          this.up.data(chunk.subarray(1))
        }
      },
    ),
  ],
  [
    'sends a chunk twice',
    /more than was sent|is not what was sent|asker/,
    body(
      class extends ForwardingBody {
        override data(chunk: Buffer): void {
          super.data(chunk)
          super.data(chunk)
        }
      },
    ),
  ],
]

async function firstFound(expected: RegExp, make: MakeSubject): Promise<number> {
  for (let seed = 1; seed <= 500; seed++) {
    const random = new Seeded(seed)
    const steps = makeHistory(random, { askers: 2, steps: 40, upgrades: true })
    const problems = await new Play(seed, make).run(steps)
    if (problems.some((problem) => expected.test(problem))) return seed
  }
  return 0
}

function found(what: string, expected: RegExp, make: MakeSubject): void {
  t.test(`contractSuite finds a layer that ${what}`, async (t) => {
    const seed = await firstFound(expected, make)
    t.ok(seed > 0 && seed <= 200, seed === 0 ? 'not found' : `found at history ${seed}`)
  })
}

for (const [what, expected, layer] of MUTANTS) found(what, expected, () => ({ layer }))
found('forgets a timer', /timers are still running/, (env) => ({ layer: forgetful(env) }))
found('is not at rest', /^a slot is taken/, () => ({ layer: (next) => next, atRest: () => ['a slot is taken'] }))
