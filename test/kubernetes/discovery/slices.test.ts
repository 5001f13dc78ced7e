import t from 'tap'
import { addressesOf, type EndpointSlice, type SliceEndpoint } from '../../../src/kubernetes/discovery/slices.ts'

const HTTP = [{ name: 'http', port: 8080 }]

function slice(endpoints: readonly SliceEndpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice {
  return { metadata: {}, addressType: 'IPv4', ports: HTTP, endpoints, ...more }
}

const at = (host: string, conditions?: SliceEndpoint['conditions']): SliceEndpoint =>
  conditions === undefined ? { addresses: [host] } : { addresses: [host], conditions }

const READY = { ready: true, serving: true, terminating: false }
const ENDING = { ready: false, serving: true, terminating: true }
const NOT_YET = { ready: false, serving: false, terminating: false }

const CASES: readonly [what: string, slices: EndpointSlice[], port: string | number, expected: string[]][] = [
  [
    'ready ones, in order',
    [slice([at('10.0.0.2', READY), at('10.0.0.1', READY)])],
    'http',
    ['10.0.0.1:8080', '10.0.0.2:8080'],
  ],
  [
    'a condition nobody stated is a good one',
    [slice([at('10.0.0.1'), at('10.0.0.2', {})])],
    'http',
    ['10.0.0.1:8080', '10.0.0.2:8080'],
  ],
  [
    'all slices of the Service, each address once',
    [slice([at('10.0.0.1')]), slice([at('10.0.0.1'), at('10.0.0.2')])],
    'http',
    ['10.0.0.1:8080', '10.0.0.2:8080'],
  ],
  ['the first address of an endpoint', [slice([{ addresses: ['10.0.0.1', '10.0.0.9'] }])], 'http', ['10.0.0.1:8080']],
  ['who ends is left out', [slice([at('10.0.0.1', READY), at('10.0.0.2', ENDING)])], 'http', ['10.0.0.1:8080']],
  ['unless all end', [slice([at('10.0.0.1', NOT_YET), at('10.0.0.2', ENDING)])], 'http', ['10.0.0.2:8080']],
  ['not one', [slice([at('10.0.0.1', NOT_YET)]), slice([], { endpoints: null })], 'http', []],
  ['a port by its number', [slice([at('10.0.0.1')])], 8080, ['10.0.0.1:8080']],
  ['a port that is not there', [slice([at('10.0.0.1')])], 'grpc', []],
  ['a port without a number', [slice([at('10.0.0.1')], { ports: [{ name: 'http', port: null }] })], 'http', []],
  ['no ports', [slice([at('10.0.0.1')], { ports: null })], 'http', []],
  [
    'one name, two numbers',
    [slice([at('10.0.0.1')]), slice([at('10.0.0.2')], { ports: [{ name: 'http', port: 9090 }] })],
    'http',
    ['10.0.0.1:8080', '10.0.0.2:9090'],
  ],
  [
    'both families: each pod once',
    [slice([at('fd00::1')], { addressType: 'IPv6' }), slice([at('10.0.0.1')])],
    'http',
    ['10.0.0.1:8080'],
  ],
  [
    'IPv6 alone, beside a slice without anybody',
    [slice([]), slice([at('fd00::1')], { addressType: 'IPv6' })],
    'http',
    ['fd00::1:8080'],
  ],
  [
    'both families, IPv4 not ready yet',
    [slice([at('10.0.0.1', NOT_YET)]), slice([at('fd00::1', READY)], { addressType: 'IPv6' })],
    'http',
    ['fd00::1:8080'],
  ],
  [
    'both families: who is ready before who ends',
    [slice([at('10.0.0.1', ENDING)]), slice([at('fd00::2', READY)], { addressType: 'IPv6' })],
    'http',
    ['fd00::2:8080'],
  ],
  [
    'both families, all end',
    [slice([at('10.0.0.1', ENDING)]), slice([at('fd00::1', ENDING)], { addressType: 'IPv6' })],
    'http',
    ['10.0.0.1:8080'],
  ],
  [
    'both families, and the port is one of IPv6 alone',
    [slice([at('10.0.0.1')]), slice([at('fd00::1')], { addressType: 'IPv6', ports: [{ name: 'grpc', port: 9090 }] })],
    'grpc',
    ['fd00::1:9090'],
  ],
  ['names are not looked up', [slice([at('a.test')], { addressType: 'FQDN' })], 'http', []],
]

t.test('addressesOf()', (t) => {
  for (const [what, slices, port, expected] of CASES) {
    t.same(
      addressesOf(slices, port).map(({ host, port }) => `${host}:${port}`),
      expected,
      what,
    )
  }
  t.end()
})
