/** What an entry of the list is made into at load: an answer that is at hand, or a service to ask. */
import type { Dispatch } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import type { When } from './decide.ts'
import type { LocalAnswer } from './local-answer.ts'

export interface LocalEntry {
  readonly when: When
  readonly answer: LocalAnswer
}

export interface ServiceEntry {
  readonly when: When
  readonly name: string
  readonly dispatch: Dispatch
  /** ms; undefined: what is left of the deadline. */
  readonly timeout: number | undefined
  /** What the file adds to the answer. */
  readonly fields: Headers
}

export type Entry = LocalEntry | ServiceEntry
