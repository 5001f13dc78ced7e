/** How each request of the timetable went: in columns, for there may be millions. */
import type { Answered } from '../caller.ts'

const FIRST = 4096

export class Samples {
  #at = new Float64Array(FIRST)
  #took = new Float64Array(FIRST)
  #stream = new Uint16Array(FIRST)
  #answer = new Uint16Array(FIRST)
  #tries = new Uint16Array(FIRST)
  count = 0
  /** What `answer` indexes: `200`, `503 circuit_open`, `gave up`. */
  readonly answers: { readonly text: string; readonly ok: boolean }[] = []
  readonly #indices = new Map<string, number>()

  /** `at`: when it was due, ms. */
  add(at: number, stream: number, answered: Answered): void {
    if (this.count === this.#at.length) this.#grow()
    const i = this.count++
    this.#at[i] = at
    this.#took[i] = answered.took
    this.#stream[i] = stream
    this.#answer[i] = this.#indexOf(answered)
    this.#tries[i] = answered.tries
  }

  /** Of those due in [from, to). */
  each(
    from: number,
    to: number,
    tell: (at: number, took: number, stream: number, answer: number, tries: number) => void,
  ) {
    for (let i = 0; i < this.count; i++) {
      const at = this.#at[i] as number
      if (at < from || at >= to) continue
      const [took, stream] = [this.#took[i] as number, this.#stream[i] as number]
      tell(at, took, stream, this.#answer[i] as number, this.#tries[i] as number)
    }
  }

  #indexOf(answered: Answered): number {
    const text = textOf(answered)
    let index = this.#indices.get(text)
    if (index === undefined) {
      index = this.answers.length
      this.answers.push({ text, ok: isOk(answered) })
      this.#indices.set(text, index)
    }
    return index
  }

  #grow(): void {
    const size = this.#at.length * 2
    this.#at = grown(this.#at, new Float64Array(size))
    this.#took = grown(this.#took, new Float64Array(size))
    this.#stream = grown(this.#stream, new Uint16Array(size))
    this.#answer = grown(this.#answer, new Uint16Array(size))
    this.#tries = grown(this.#tries, new Uint16Array(size))
  }
}

function grown<A extends Float64Array | Uint16Array>(old: A, bigger: A): A {
  bigger.set(old)
  return bigger
}

function textOf({ status, grpcStatus, reason, failure }: Answered): string {
  if (failure !== '') return failure
  const said = grpcStatus > 0 ? `${status} grpc ${grpcStatus}` : String(status)
  return reason === '' ? said : `${said} ${reason}`
}

/** What a client can go on with: an answer that is no failure of the server's, and no refusal of ours. */
function isOk({ status, grpcStatus, failure, refused }: Answered): boolean {
  return failure === '' && !refused && status < 500 && status !== 429 && grpcStatus <= 0
}
