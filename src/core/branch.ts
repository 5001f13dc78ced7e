/**
 * Asking somebody else about the same request: an exchange of its own, with a route, a deadline and endpoints of its own,
 * for the same client and in the same trace. The first one may still be going on, and its fields stay as they are.
 */
import { Exchange } from './exchange.ts'

/** `now` and `wallTime` are when it starts, `deadline` what it must be over by, on our clock. */
export function branchOf(whole: Exchange, now: number, wallTime: number, deadline: number): Exchange {
  const branch = new Exchange(
    'outbound',
    now,
    wallTime,
    whole.peerAddress,
    whole.peerPort,
    whole.source,
    whole.requestId,
    whole.requestIdMade,
    whole.protocol,
    deadline,
  )
  branch.grpc = whole.grpc
  branch.grpcDeadline = whole.grpcDeadline
  // Counted on: a request that has been sent once has been sent, whoever asks.
  branch.attempts = whole.attempts
  branch.attemptLog = whole.attemptLog
  // A key that is honoured above need not be known there either.
  branch.guarded = whole.guarded
  branch.replay = whole.replay
  branch.trace = whole.trace
  branch.parent = whole
  branch.trailerRoom = whole.trailerRoom
  return branch
}

/** What happened on a branch is told as part of the whole, what may have been carried out there among it. */
export function rejoin(branch: Exchange): void {
  const whole = branch.parent as Exchange
  if (branch.attempts - whole.attempts > branch.unsent) whole.reached++
  whole.unsent += branch.unsent
  branch.unsent = 0
  whole.attempts = branch.attempts
  whole.attemptLog = branch.attemptLog
  whole.upstreamProtocol = branch.upstreamProtocol
  if (branch.shadowed === '') return
  whole.shadowed = whole.shadowed === '' ? branch.shadowed : `${whole.shadowed} ${branch.shadowed}`
  branch.shadowed = ''
}
