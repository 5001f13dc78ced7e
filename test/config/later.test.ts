import t from 'tap'
import { load } from '../support/marked.ts'

const POLICY = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\n'
const INBOUND = 'kind: Policy\nname: p\nmatch: {direction: inbound}\n'
const SERVICE = 'kind: Service\nname: s\nendpoints: ["10.0.0.7:8080"]\n'
const SIDECAR = 'kind: Sidecar\nname: x\n'

const accepted: readonly string[] = [
  `${POLICY}retry: {when: [grpc:UNAVAILABLE]}`,
  `${POLICY}breaker: {scope: service, failures: [grpc:INTERNAL, 503, 502-504]}`,
  `${SIDECAR}outbound: {transparent: false}`,
  `${SIDECAR}outbound: {transparent: true}`,
  `${SIDECAR}inbound: [{app: original}]`,
  `${SIDECAR}inbound: [{app: "a:1", protocol: tcp}]`,
  `${SERVICE}loadBalancing: {}`,
  'kind: Service\nname: s\nkubernetes: {service: s, port: http}',
  'kind: Service\nname: s\nkubernetes: {service: s, namespace: shop, port: 8080}',
  'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*", routes: [{stream: true}, {stream: false}]}',
  `${INBOUND}breaker: {mode: disabled}`.replace('direction: inbound', 'direction: outbound, service: "*"'),
  `${INBOUND}concurrency: {}`,
  `${POLICY}fallback: {mode: disabled}`,
  `${POLICY}fault: {mode: disabled}`,
  `${POLICY}mode: shadow\nfault: {mode: disabled}`,
]

for (const text of accepted) {
  t.test(`takes ${text.split('\n').at(-1)}`, async (t) => {
    t.same(load(text).issues, [])
  })
}
