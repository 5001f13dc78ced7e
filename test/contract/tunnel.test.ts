/** A CONNECT tunnel over real sockets as a `Dispatch`: bytes in both directions, pauses, ends and resets at any time. */
import t from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import { ProxyError } from '../../src/core/errors.ts'
import type { RequestBody, ResponseHandler } from '../../src/core/exchange.ts'
import { openTunnel } from '../../src/upstream/tunnel.ts'
import { turn } from '../support/raw.ts'
import { type OriginPeer, startRawOrigin } from '../support/raw-origin.ts'
import { Seeded } from '../support/seeded.ts'
import { checkedDispatch } from './checked.ts'
import { makeRequest, matches, pattern } from './exchanges.ts'
import { Ledger } from './ledger.ts'

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'the test left')

/** What one side has sent and the other has got. */
class World implements ResponseHandler {
  readonly ledger = new Ledger()
  readonly problems: string[] = []
  readonly #random: Seeded
  #body: RequestBody | undefined
  #peer: OriginPeer | undefined
  #open = false
  #over = false
  #terminal = ''
  #sent = 0
  #ended = false
  #received = 0
  /** By the far end. */
  #said = 0
  #farEnded = ''

  constructor(seed: number) {
    this.#random = new Seeded(seed)
  }

  async run(): Promise<void> {
    const random = this.#random
    const origin = await startRawOrigin((peer) => {
      this.#peer = peer
    })
    const defect = (where: string, error: unknown) => this.problems.push(`defect ${where}: ${error}`)
    const context = { clock: new SystemClock(), random, defect }
    const connect = checkedDispatch(
      (request, response) => openTunnel('127.0.0.1', origin.port, request, response, context as never),
      'tunnel',
      this.ledger,
    )
    this.#body = connect(makeRequest({ method: 'CONNECT', bodyLength: 0 }), this)
    for (let i = random.between(2, 40); i > 0; i--) await this.#step()
    await this.#settle()
    this.problems.push(...this.ledger.breaches, ...this.ledger.leaks())
    await origin.close()
  }

  async #step(): Promise<void> {
    const random = this.#random
    const dice = random.int(30)
    if (dice < 8) this.#send(random.pick([1, 3000, 60_000]))
    else if (dice < 14) this.#say(random.pick([1, 3000, 60_000]))
    else if (dice < 16) this.#body?.pauseResponse()
    else if (dice < 18) this.#body?.resumeResponse()
    else if (dice < 19) this.#end()
    else if (dice < 20 && random.chance(0.3)) this.#body?.abort(LEFT)
    else if (dice < 21 && random.chance(0.5)) this.#farEnd()
    else await turn()
  }

  #send(size: number): void {
    if (!this.#open || this.#over || this.#ended) return
    const chunk = pattern(1, this.#sent, size)
    this.#sent += size
    this.#body?.data(chunk)
  }

  #end(): void {
    if (!this.#open || this.#over || this.#ended) return
    this.#ended = true
    this.#body?.end()
  }

  #say(size: number): void {
    if (this.#farEnded !== '' || this.#peer === undefined) return
    this.#peer.send(pattern(2, this.#said, size))
    this.#said += size
  }

  #farEnd(): void {
    if (this.#farEnded !== '' || this.#peer === undefined) return
    this.#farEnded = this.#random.pick(['fin', 'fin', 'reset'])
    if (this.#farEnded === 'fin') this.#peer.halfClose()
    else this.#peer.reset()
  }

  async #settle(): Promise<void> {
    this.#body?.resumeResponse()
    const began = performance.now()
    const late = () => performance.now() - began > 4000
    // Whoever ends first, the other end hears of it, behind all that was said.
    while (!this.#over && !late()) {
      if (this.#open && this.#peer !== undefined && this.#farEnded === '') {
        this.#end()
        if (this.#peer.ending !== 'open') this.#farEnd()
      }
      await turn()
    }
    if (late()) this.problems.push('waits for ever')
    if (this.#terminal === 'end' && this.#received !== this.#said) {
      this.problems.push(`${this.#received} of ${this.#said} bytes came, and then the end`)
    }
    const peer = this.#peer
    if (peer === undefined) return
    await peer.when('the end of the far side', () => peer.ending !== 'open' || this.#farEnded === 'reset')
    if (!matches(peer.received, 1, 0)) this.problems.push('the far side got something else')
    const cut = this.#terminal !== 'end' || this.#farEnded === 'reset'
    if (!cut && this.#ended && peer.ending === 'fin' && peer.received.length !== this.#sent) {
      this.problems.push(`the far side got ${peer.received.length} of ${this.#sent} bytes`)
    }
  }

  informational(): void {}

  head(): void {
    this.#open = true
  }

  data(chunk: Buffer): void {
    if (!matches(chunk, 2, this.#received)) this.problems.push('something else came than was said')
    this.#received += chunk.length
  }

  end(): void {
    this.#over = true
    this.#terminal = 'end'
  }

  fail(error: ProxyError): void {
    this.#over = true
    this.#terminal = `fail ${error.reason}`
  }

  pauseRequest(): void {}
  resumeRequest(): void {}
}

t.test('a tunnel keeps the contract through generated histories over real sockets', async (t) => {
  const last = Number(process.env.CONTRACT_RUNS ?? 150)
  const failures: string[] = []
  for (let seed = 1; seed <= last && failures.length < 3; seed++) {
    const world = new World(seed)
    await world.run()
    if (world.problems.length > 0) failures.push(`seed ${seed}: ${world.problems.slice(0, 3).join(' | ')}`)
  }
  t.strictSame(failures, [])
})
