/** `wait`, `drain` and `healthz`: for hooks and probes beside a running sidecar. */
import { usage } from '../command-line/usage.ts'
import { ADMIN } from './shared.ts'

export const WAIT = usage({
  name: 'wait',
  brief: 'for postStart: returns when the sidecar beside it has started',
  synopsis: '',
  flags: { timeout: { value: 'DURATION', says: 'how long to wait', otherwise: '60s' }, admin: ADMIN },
  variables: ['admin'],
  exit: { 0: 'it has started', 1: 'it has not, within the timeout' },
})

export const DRAIN = usage({
  name: 'drain',
  brief: 'for preStop: the sidecar is not ready any more, its clients are sent away but still served',
  synopsis: '',
  flags: { admin: ADMIN },
  variables: ['admin'],
  exit: { 0: 'it is told', 1: 'there is none, or it refuses' },
})

export const HEALTHZ = usage({
  name: 'healthz',
  brief: 'for HEALTHCHECK: whether the sidecar lives',
  synopsis: '',
  flags: { admin: ADMIN },
  variables: ['admin'],
  exit: { 0: 'it lives', 1: 'it does not answer' },
})
