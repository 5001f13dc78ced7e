/** What listeners do with the heads of their connections, and what requests meet that get to no route. */
import type { SidecarDocument } from '../config/model.ts'
import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, Layer } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import { refuse } from '../core/refuse.ts'
import type { IncomingConnection } from '../http/server-side.ts'
import { finalRecipient } from '../server/max-forwards.ts'
import { Receiver } from '../server/receiver.ts'
import { Trust } from '../server/trust.ts'
import type { Direction, Telemetry } from '../telemetry/index.ts'
import { type Overload, OVERLOADED } from './overload/overload.ts'
import type { HandshakeLog } from './tls/handshake-log.ts'

export interface ReceiverParts {
  readonly sidecar: SidecarDocument
  readonly clock: Clock
  readonly random: Random
  /** This instance's name in Via. */
  readonly pseudonym: string
  /** Telemetry and rescue. */
  readonly outermost: Layer
  readonly telemetry: Telemetry
  readonly overload: Overload
  readonly handshakeLog: HandshakeLog
  draining(direction: Direction): boolean
}

/** `dispatch` is asked anew for each request; `closed` is told of each connection that is gone. */
export type MakeReceiver = (
  direction: Direction,
  dispatch: () => Dispatch,
  closed: (connection: IncomingConnection) => void,
) => Receiver

export function receivers(parts: ReceiverParts): MakeReceiver {
  const { sidecar, clock, random, pseudonym, outermost, telemetry, overload } = parts
  const trust = new Trust(sidecar.trust)
  const looped = outermost((_request, response) =>
    refuse(response, new ProxyError('loop_detected', 'downstream', 'no', 'Via names this very instance')),
  )
  const overloaded = outermost((request, response) => {
    telemetry.events.decided(request.exchange, 'overload', 'refused', 'enforce')
    return refuse(response, OVERLOADED)
  })
  const lastHop = outermost(finalRecipient)
  return function makeReceiver(direction, dispatch, closed) {
    return new Receiver({
      direction,
      limits: sidecar.limits,
      clock,
      random,
      trust,
      pseudonym,
      dispatch,
      looped,
      lastHop,
      overload: { shedding: overload, dispatch: overloaded },
      draining: () => parts.draining(direction),
      refused: ({ reason, cause }) => {
        telemetry.refused(reason, direction)
        if (reason === 'tls_failure') parts.handshakeLog.failed(direction, cause)
      },
      violation: (how) => telemetry.violation(how, 'client', direction),
      defect: (where, error) => telemetry.events.defect(where, error),
      closed,
    })
  }
}
