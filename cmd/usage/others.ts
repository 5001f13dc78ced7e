import { usage } from '../command-line/usage.ts'

export const DEMO = usage({
  name: 'demo',
  brief: 'a sample service with its sidecar, traffic, and an outage, to watch',
  synopsis: '',
  flags: {
    rounds: { value: 'N', says: 'ends after so many outages', depends: 'goes on until it is ended' },
    scale: { value: '1…20', says: 'divides every time', otherwise: '1' },
  },
  variables: [],
  exit: { 0: 'it was ended', 1: 'it could not go on' },
})

export const VERSION = usage({
  name: 'version',
  brief: 'which Outrigger this is, and which Node',
  synopsis: '',
  flags: {},
  variables: [],
  exit: { 0: 'said' },
})

export const HELP = usage({
  name: 'help',
  brief: 'this list',
  synopsis: '',
  flags: {},
  variables: [],
  exit: { 0: 'said' },
})
