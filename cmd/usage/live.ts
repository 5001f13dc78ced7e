/** `top` and `tap`: a running sidecar in a terminal. */
import { usage } from '../command-line/usage.ts'
import { ADMIN } from './shared.ts'

export const TOP = usage({
  name: 'top',
  brief: 'a running sidecar, live in a terminal; its page at http://ADMIN/ shows the same',
  synopsis: '',
  flags: {
    admin: ADMIN,
    once: { says: 'prints one picture and ends, as it does where standard output is no terminal; q ends it otherwise' },
  },
  variables: ['admin'],
  exit: { 0: 'ended by q, or one picture printed', 1: 'there is no such sidecar' },
})

export const TAP = usage({
  name: 'tap',
  brief: 'the exchanges of a running sidecar as they end, one line each',
  synopsis: '',
  flags: {
    admin: ADMIN,
    json: { says: 'lines of JSON' },
    limit: { value: 'N', says: 'ends after so many', depends: 'none' },
    'slower-than': { value: 'DURATION', says: 'those that took at least that long, to their last byte' },
    status: { value: '503|5xx|500-503|grpc:NAME', says: 'of the answer', many: true },
    reason: { value: 'REASON|any', says: 'why the answer is ours, or what a fallback stood in for', many: true },
    route: { value: 'PATTERN', says: 'as policies write it', many: true },
    service: { value: 'NAME', says: 'the Service', many: true },
    method: { value: 'METHOD', says: 'of the request', many: true },
    direction: { value: 'inbound|outbound', says: 'of the request', many: true },
  },
  variables: ['admin'],
  exit: { 0: '--limit was reached, or it was ended', 1: 'there is no such sidecar, or it has ended' },
  notes: [
    'A filter may be repeated, or hold several words with commas between: one of them has to fit, and of different filters all.',
  ],
})
