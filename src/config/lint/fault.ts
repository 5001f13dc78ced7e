/** W008: failures are being made on purpose, or were to be. */
import { formatTime } from '../values/time.ts'
import { type Check, number, placeOf } from './check.ts'

/** `now` since 1970, ms; undefined: nobody says what time it is. */
export function faultInForce(now: number | undefined): Check {
  return (blocks) => {
    const fault = blocks.get('fault')
    const until = number(blocks, 'fault', 'until')
    if (fault === undefined || until === undefined) return []
    const time = formatTime(until)
    const message =
      now !== undefined && now >= until
        ? `fault is past its time, ${time}, and does nothing: take it out`
        : `fault makes requests fail until ${time}: take it out when it is no longer wanted`
    return [{ code: 'W008', place: placeOf(fault, 'until'), message }]
  }
}
