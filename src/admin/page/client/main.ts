/** The page: each frame of the stream is shown by every part of it. */
import type { Ended, Frame, Hello } from '../live/frame.ts'
import { History } from '../live/history.ts'
import { Breakers } from './breakers.ts'
import { Endpoints } from './endpoints.ts'
import { Limits } from './limits.ts'
import { Link, type Listener } from './link.ts'
import { Policies } from './policy.ts'
import { Requests } from './requests.ts'
import { Services } from './services.ts'
import { Summary } from './summary.ts'

class Page implements Listener {
  readonly #history = new History()
  readonly #summary = new Summary()
  readonly #services = new Services()
  readonly #breakers = new Breakers()
  readonly #limits = new Limits()
  readonly #endpoints = new Endpoints()
  readonly #requests = new Requests()
  readonly #policies = new Policies()
  #startedAt = 0

  hello({ readOnly, startedAt }: Hello): void {
    if (startedAt !== this.#startedAt) {
      this.#history.forget()
      this.#requests.forget()
    }
    this.#startedAt = startedAt
    this.#breakers.allow(readOnly)
  }

  frame(frame: Frame): void {
    const services = this.#history.push(frame)
    this.#summary.show(frame, services)
    this.#services.show(services, frame.bounds, frame.now / 1000)
    this.#breakers.show(frame.breakers)
    this.#limits.show(frame)
    this.#endpoints.show(frame)
    void this.#policies.show(frame.config)
  }

  ended(ended: Ended): void {
    this.#requests.take(ended)
  }
}

new Link(new Page())
