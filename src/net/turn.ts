/**
 * When what was written goes out: behind all that one turn of the event loop brought. A busy turn brings fifty reads, and a
 * write between every two of them wakes the peer's process fifty times, which costs more than the writing; behind one
 * another they wake it once, and whatever several events say to one peer goes in one piece.
 */
import { eventBegins, eventEnds } from '../core/clock.ts'
import { crowded, moderate, outOfTurn } from './moderation.ts'

/** What waits to be written to one socket. */
export interface Waiting {
  flush(): void
}

/**
 * Outboxes, and bytes, that wait no longer: the first to be served should not wait for the last, and nothing is read for ever. Bytes that were
 * copied may be more, as those of DATA are: the others hold what they were read into, so that the next read finds another place, and a colder one.
 */
const MOST = 32
const MOST_HELD = 64 * 1024
const MOST_COPIED = 256 * 1024
/**
 * After a turn that brought a single event so many events do not wait: a sidecar with little to do gains nothing by it. Where turns are full of
 * messages one event says nothing: an upstream of HTTP/2 answers dozens of requests in a single read.
 */
const ALONE = 16

let depth = 0
const dirty: Waiting[] = []
/** Bytes that wait. */
let held = 0
let copied = 0
let armed = false
/** Of this turn. */
let events = 0
let alone = ALONE
let flushScheduled = false

/** Called at the root of each socket event, before anything else. */
export function enter(): void {
  if (depth++ === 0) eventBegins()
}

/** Called at the end of each socket event. */
export function leave(): void {
  if (--depth > 0) return
  eventEnds()
  if (dirty.length === 0) return
  if (alone > 0) {
    alone--
    flushAll()
    outOfTurn()
    return
  }
  events++
  if (dirty.length >= MOST || held >= MOST_HELD || copied >= MOST_COPIED) flushAll()
  else if (!armed) {
    armed = true
    setImmediate(endOfTurn)
  }
}

/** `outbox` has something to write; told once until it was flushed. */
export function awaitTurn(outbox: Waiting): void {
  dirty.push(outbox)
  if (depth > 0 || flushScheduled) return
  flushScheduled = true
  process.nextTick(flushOutside)
}

/** So many more bytes wait: as they came, and copies. */
export function moreWaits(asTheyCame: number, copies: number): void {
  held += asTheyCame
  copied += copies
}

/** The turn is over: everything that was written goes out. */
export function endOfTurn(): void {
  armed = false
  if (events === 1 && !crowded()) alone = ALONE
  events = 0
  if (dirty.length > 0) flushAll()
  moderate()
}

/** What was written behind a timer, or by a promise. */
function flushOutside(): void {
  flushAll()
  if (events === 0) outOfTurn()
}

function flushAll(): void {
  flushScheduled = false
  // A flush may block, which may cause further writes to others: the list grows while it is walked.
  for (let i = 0; i < dirty.length; i++) (dirty[i] as Waiting).flush()
  dirty.length = 0
  held = 0
  copied = 0
}
