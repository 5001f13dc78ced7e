import { usage } from '../command-line/usage.ts'
import { POLICY_FILES, SIDECAR_NAME } from './shared.ts'

export const EXPLAIN = usage({
  name: 'explain',
  brief: 'which policies a request meets, why, and what they come to in the worst case',
  synopsis: '--config PATH… (--url URL | --service NAME)',
  flags: {
    config: POLICY_FILES,
    url: { value: 'URL', says: 'of the request; a path alone asks inbound' },
    service: { value: 'NAME', says: 'the Service a request is for, where no URL names it' },
    method: { value: 'METHOD', says: 'of the request', otherwise: 'GET' },
    header: { value: '"NAME: VALUE"', says: 'a field of the request', many: true },
    inbound: { says: 'the request comes to the application' },
    port: { value: 'PORT', says: 'the port of the application it was for' },
    name: SIDECAR_NAME,
    format: { value: 'text|json', says: 'of the answer', otherwise: 'text' },
  },
  variables: 'all',
  exit: { 0: 'explained', 1: 'there is no such route, or the files may not be loaded' },
})
