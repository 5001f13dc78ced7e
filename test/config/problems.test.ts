import t from 'tap'
import { compare, load } from '../support/marked.ts'

/** Code, text with a mark at each place, what the message says. */
type Case = readonly [code: string, marked: string, ...says: (string | RegExp)[]]

const POLICY = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*"}\n'
const INBOUND = 'kind: Policy\nname: p\nmatch: {direction: inbound}\n'
const SERVICE = 'kind: Service\nname: s\nendpoints: ["10.0.0.7:8080"]\n'
const SIDECAR = 'kind: Sidecar\nname: x\n'

function policy(block: string): string {
  return `${POLICY}${block}\n`
}

function route(entry: string): string {
  return `kind: Policy\nname: p\nmatch:\n  direction: outbound\n  service: "*"\n  routes:\n  - ${entry}\n`
}

const cases: readonly Case[] = [
  // YAML
  ['E002', 'kind: Service\nname: "a→', 'closing'],
  ['E002', 'kind: Policy\n→\tname: p', /Tabs|tabs/, 'indent with spaces'],
  ['E002', 'kind: Policy\nname: →p: q', 'quote text that holds a colon'],
  ['E002', 'kind: Policy\nname: p\nmatch: {direction: outbound, service: →*}', 'quote a star: "*"'],
  ['E002', 'kind: Service\nname: →*nobody', "there is no '&nobody'"],
  ['E003', `${SERVICE}→name: t`, "'name' stands at line 2 already"],
  ['E003', policy('timeout: {request: 2s, →request: 3s}'), "'request' stands at line 4 already"],
  ['E004', 'kind: Service\nname: →!mine s\nendpoints: []', "'!mine'", 'leave it out'],
  ['E004', 'kind: Service\nname: s\nendpoints: →!!set {}', 'tags are not part of the format'],
  ['E005', policy('timeout: {→<<: {request: 2s}}'), 'use a Profile'],
  ['E006', 'kind: Service\nname: &n [→*n]', 'it would have no end'],
  ['E007', '→%YAML 1.1\n---\nkind: Service\nname: s\nendpoints: []', 'leave it out'],
  ['E022', '→- kind: Service', 'must be a mapping', 'found a list'],
  ['E022', `${SERVICE}? →[a]\n: b`, 'a key must be text'],
  // What a document is
  ['E020', 'name: s\n→Kind: Service', "unknown key 'Kind'; did you mean 'kind'?"],
  ['E021', '→name: s\nendpoints: []', "'kind' is missing", 'one of Sidecar, Service, Policy, Profile'],
  ['E010', 'kind: →Servise\nname: s', "found 'Servise'; did you mean 'Service'?"],
  ['E010', 'kind: →service\nname: s', "did you mean 'Service'?"],
  ['E010', 'kind: →3\nname: s', 'found the number 3'],
  ['E012', `${SERVICE}minVersion: →soon`, 'a version such as 1.4', "found 'soon'"],
  ['E021', '→kind: Service\nendpoints: []', "'name' is missing in Service"],
  ['E022', 'kind: Service\nname: →7\nendpoints: []', 'found the number 7: write "7"'],
  ['E024', 'kind: Service\nname: →My_Service\nendpoints: []', "found 'My_Service': write 'my-service'"],
  ['E024', 'kind: Service\nname: →-s\nendpoints: []', "found '-s'"],
  ['E024', `kind: Service\nname: →${'a'.repeat(254)}\nendpoints: []`, 'at most 253'],
  ['E026', `${SERVICE}apiVersion: →outrigger.dev/v2`, "did you mean 'outrigger.dev/v1'?"],
  ['E013', `${SERVICE}---\nkind: Service\nname: →s\nendpoints: []`, "Service 's' stands at policy.yaml:2 already"],
  ['E014', `${SIDECAR}---\nkind: Sidecar\nname: →y`, 'at most one Sidecar', 'policy.yaml:2'],
  // Keys
  ['E020', policy('→timout: {request: 2s}'), "unknown key 'timout' in Policy p; did you mean 'timeout'?"],
  ['E020', policy('timeout: {→pertry: 2s}'), "unknown key 'pertry' in timeout; did you mean 'perTry'?"],
  ['E020', policy('→perTry: 2s'), "'perTry' is a key of 'timeout'"],
  ['E020', policy('breaker: {scope: service, →zebra: 1}'), 'known here: mode, scope, window'],
  ['E020', `${SIDECAR}limits:\n  →maxHeaderByte: 3KiB`, "did you mean 'maxHeaderBytes'?"],
  ['E020', `${SERVICE}→toString: x`, "unknown key 'toString'"],
  ['E020', `${SERVICE}→__proto__: {}`, "unknown key '__proto__'"],
  ['E020', 'kind: Profile\nname: p\n→match: {}', "unknown key 'match' in Profile p"],
  ['E021', policy('→breaker: {}'), "'scope' is missing in breaker", 'one of service, route, endpoint'],
  ['E021', 'kind: Policy\nname: p\n→match: {service: "*"}', "'direction' is missing in match"],
  ['E021', 'kind: Policy\nname: p\n→match: {direction: outbound}', "'service' is missing in match", '"*" for all'],
  ['E021', '→kind: Policy\nname: p', "'match' is missing in Policy p"],
  ['E021', '→kind: Service\nname: s', 'exactly one of endpoints, dns and kubernetes, found none'],
  ['E021', 'kind: Service\nname: s\n→dns: {name: s}', "'port' is missing in dns"],
  ['E021', `${SIDECAR}inbound:\n- →listen: 127.0.0.1:1`, "'app' is missing in inbound[0]"],
  ['E028', route('{grpc: shop.Stock/*, →path: /a}'), 'grpc stands instead of path and methods, found path'],
  ['E028', route('{→methods: [POST], grpc: shop.Stock/*}'), 'found methods'],
  ['E024', route('{grpc: →shop.Stock}'), 'routes[0].grpc must be', 'write shop.Stock/*'],
  ['E024', route('{grpc: →/shop.Stock/Get}'), 'write shop.Stock/Get'],
  ['E024', route('{grpc: →shop.Stock/Get/more}'), "found 'shop.Stock/Get/more'"],
  ['E022', route('{grpc: →3}'), 'grpc'],
  ['E028', `${SERVICE}→dns: {name: s, port: 80}`, 'found endpoints and dns'],
  ['E024', `${INBOUND}idempotency: {store: {redis: {url: →http://redis}}}`, 'redis://redis:6379/0'],
  ['E024', `${INBOUND}idempotency: {store: {redis: {url: →"redis://:secret@redis"}}}`, 'no password in it'],
  ['E021', `${INBOUND}idempotency: {store: {→redis: {}}}`, "'url' is missing in idempotency.store.redis"],
  ['E021', `${INBOUND}idempotency: {store: {redis: {url: "redis://r", tls: {→cert: /c}}}}`, 'cert without key'],
  ['E025', `${INBOUND}idempotency: {ttl: →48h}`, 'between 1ms and 24h'],
  ['E026', `${INBOUND}idempotency: {store: →memroy}`, "did you mean 'memory'?"],
  ['E043', `${POLICY}→idempotency: {}`, "'idempotency' is for inbound policies only"],
  ['E021', policy('→rateLimit: {}'), "'rate' is missing in rateLimit"],
  ['E021', policy('rateLimit: {rate: 5/s, →scope: fleet}'), "'replicas' is missing in rateLimit"],
  ['E028', policy('rateLimit: {rate: 5/s, →replicas: 3}'), 'replicas is for scope: fleet only'],
  ['E023', policy('rateLimit: {rate: →100}'), 'write 100/s or 100/m'],
  ['E025', policy('rateLimit: {rate: →0/s}'), 'between 1/h and 1000000/s'],
  ['E024', policy('rateLimit: {rate: 5/s, key: [source, →tenant]}'), 'source, path or header:NAME', "found 'tenant'"],
  ['E021', `${INBOUND}→authorize: {}`, "'allow' is missing in authorize"],
  ['E024', `${INBOUND}authorize: {allow: [{paths: [→v1]}]}`, 'authorize.allow[0].paths[0]', 'write "/v1"'],
  ['E025', `${INBOUND}authorize: {allow: [{methods: →[]}]}`, 'at least 1'],
  ['E048', `${INBOUND}authorize: {allow: [{source: [→shop]}]}`, "no source 'shop'", 'and no other either'],
  [
    'E048',
    `${SIDECAR}trust: {sources: {frontend: {cidr: []}}}\n---\n${INBOUND}authorize: {allow: [{source: [frontend, →fronted]}]}`,
    "did you mean 'frontend'?",
  ],
  ['E021', policy('→fault: {percent: 5%, delay: 1ms}'), "'until' is missing in fault"],
  ['E021', policy('→fault: {percent: 5%, until: 2026-12-31T00:00:00Z}'), "'delay' or 'abort' is missing"],
  ['E025', policy('fault: {percent: 5%, delay: →25h, until: 2026-12-31T00:00:00Z}'), 'between 1ms and 24h'],
  ['E024', policy('fault: {percent: 5%, delay: 1ms, until: →2026-12-31}'), 'write 2026-12-31T00:00:00Z'],
  [
    'E024',
    policy('fault: {percent: 5%, delay: 1ms, until: →2026-12-31T10:00:00}'),
    'write 2026-12-31T10:00:00Z for UTC',
  ],
  ['E024', policy('fault: {percent: 5%, delay: 1ms, until: →2026-02-30T00:00:00Z}'), 'there is no such time'],
  ['E024', policy('fault: {percent: 5%, delay: 1ms, until: →tomorrow}'), 'a time such as 2026-12-31T00:00:00Z'],
  ['E025', policy('fault: {percent: 5%, abort: {status: →200}, until: 2026-12-31T00:00:00Z}'), 'between 400 and 599'],
  [
    'E026',
    policy('fault: {percent: 5%, delay: 1ms, until: 2026-12-31T00:00:00Z, mode: →shadow}'),
    'one of enforce, disabled',
  ],
  ['E049', policy('mode: shadow\n→fault: {percent: 5%, delay: 1ms, until: 2026-12-31T00:00:00Z}'), 'no shadow mode'],
  [
    'E049',
    `${POLICY}mode: shadow\nuse: →x\n---\nkind: Profile\nname: x\nfault: {percent: 5%, delay: 1ms, until: 2026-12-31T00:00:00Z}`,
    "'fault' has no shadow mode",
  ],
  // Types
  ['E022', policy('→timeout:'), 'found nothing: write {}'],
  ['E022', policy('timeout: →2s'), 'timeout must be a mapping', "found '2s'"],
  ['E022', policy('retry: {max: →two}'), 'a whole number', "found 'two'"],
  ['E022', policy('retry: {max: →2s}'), 'write 2'],
  ['E022', policy('retry: {max: →1.5}'), 'found the number 1.5'],
  ['E022', policy('retry: {max: →.inf}'), 'a whole number'],
  ['E022', policy('retry: {when: →503}'), 'must be a list', 'write [503]'],
  ['E022', policy('→fallback:'), 'fallback must be a list, found nothing'],
  ['E022', policy('fallback: →{when: [any], use: static}'), 'fallback must be a list, found a mapping'],
  ['E022', `${SERVICE}sidecar: →yes`, "found 'yes': write true"],
  ['E022', `${SERVICE}sidecar: →Off`, 'write false'],
  ['E022', route('headers: {x-tenant: →1}'), 'found the number 1: write "1"'],
  ['E022', `${SERVICE}hosts: [→{a: b}]`, 'found a mapping'],
  ['E022', policy('timeout: {request: →{}}'), 'found an empty mapping'],
  ['E022', policy('timeout: {request: →true}'), 'found true'],
  // Units
  ['E023', policy('timeout: {request: →250}'), 'a bare number where a unit is needed', 'write 250ms or 250s'],
  ['E023', policy('timeout: {request: →"250"}'), 'write 250ms or 250s'],
  ['E023', policy('retry: {maxBodyBytes: →64}'), 'write 64B or 64KiB'],
  ['E023', policy('breaker: {scope: service, failureRate: →50}'), 'write 50%'],
  ['E023', policy('breaker: {scope: service, failureRate: →0.5}'), 'write 0.5% or 50%'],
  ['E024', policy('timeout: {request: →250 ms}'), 'write 250ms'],
  ['E024', policy('timeout: {request: →1m30s}'), 'one unit only: write 90s'],
  ['E024', policy('timeout: {request: →2sec}'), 'write 2s'],
  ['E024', policy('timeout: {request: →1d}'), 'write 24h'],
  ['E024', policy('timeout: {request: →-1s}'), "found '-1s'"],
  ['E024', policy('timeout: {request: →soon}'), 'a duration such as'],
  ['E024', policy('fallback: [{when: [any], use: static, status: 503, headers: {→X A: b}}]'), 'such as x-tenant'],
  ['E003', policy('fallback: [{when: [any], use: static, status: 503, headers: {X-A: b, →x-a: c}}]'), 'case makes no'],
  ['E025', policy('rateLimit: {rate: 1/s, scope: fleet, replicas: →0}'), 'must be between 1 and 100000'],
  [
    'E024',
    'kind: Service\nname: s\nkubernetes: {service: s, port: →http_x}',
    'must be the name of a port such as http',
  ],
  ['E047', `${SIDECAR}outbound: {listen: →127.0.0.1:19002}`, 'already, the default of admin.listen'],
  ['E047', `${SIDECAR}inbound: [→{app: a:1}, {app: b:1}]`, 'inbound[0].listen has', 'the default of inbound[1].listen'],
  ['E024', policy('retry: {maxBodyBytes: →64KB}'), 'write 64KiB'],
  // Ranges
  ['E025', policy('timeout: {request: →0s}'), 'between 1ms and 24h, found 0s'],
  ['E025', policy('timeout: {idle: →25h}'), 'between 1ms and 24h, found 25h'],
  ['E025', policy('timeout: {request: →0.5ms}'), 'found 0.5ms'],
  ['E025', policy(`timeout: {request: →${'9'.repeat(400)}s}`), 'between 1ms and 24h'],
  ['E025', policy('retry: {max: →11}'), 'between 0 and 10, found 11'],
  ['E025', policy('retry: {max: →-1}'), 'between 0 and 10, found -1'],
  ['E025', policy('retry: {budget: {window: →61s}}'), 'between 1s and 60s'],
  ['E025', policy('retry: {budget: {percent: →101%}}'), 'between 0% and 100%'],
  ['E025', policy('retry: {maxBodyBytes: →17MiB}'), 'at most 16MiB'],
  ['E025', policy('bulkhead: {maxConcurrent: →0}'), 'between 1 and 1000000, found 0'],
  ['E025', policy('breaker: {scope: service, window: {size: →0}}'), 'between 1 and 100000'],
  ['E025', policy('breaker: {scope: service, window: {type: time, size: →2h}}'), 'between 1s and 1h'],
  ['E025', 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*", routes: →[]}', 'at least 1'],
  ['E025', 'kind: Policy\nname: p\nmatch: {direction: inbound, port: →70000}', 'between 1 and 65535'],
  ['E025', 'kind: Service\nname: s\nendpoints: [→a:0]', 'a port from 1 to 65535'],
  ['E025', `${SIDECAR}inbound: [{app: →127.0.0.1:0}]`, 'a port from 1 to 65535'],
  // Words
  ['E026', policy('retry: {methods: →idempotant}'), "did you mean 'idempotent'?"],
  ['E026', policy('breaker: {scope: →host}'), 'one of service, route, endpoint', "found 'host'"],
  ['E026', policy('breaker: {scope: service, window: {type: →tme, size: 10s}}'), 'one of count, time', "'time'"],
  ['E026', policy('fallback: [{when: [any], use: →statc}]'), "did you mean 'static'?"],
  ['E026', policy('mode: →off'), 'one of enforce, shadow, disabled'],
  ['E026', 'kind: Policy\nname: p\nmatch: {direction: →out}', 'one of outbound, inbound'],
  ['E026', `${SERVICE}loadBalancing: {algorithm: →round_robin}`, "did you mean 'roundRobin'?"],
  // Balancing and health
  ['E021', `${SERVICE}loadBalancing: {→algorithm: hash}`, 'hashOn: "header:x-user"'],
  [
    'E024',
    `${SERVICE}loadBalancing: {algorithm: hash, hashOn: →x-user}`,
    'header: and a header name',
    "found 'x-user'",
  ],
  ['E024', `${SERVICE}loadBalancing: {algorithm: hash, hashOn: →"header:x user"}`, 'such as "header:x-user"'],
  ['E028', `${SERVICE}loadBalancing: {→hashOn: "header:x-user"}`, 'only beside algorithm: hash, found algorithm: ewma'],
  ['E026', `${SERVICE}loadBalancing: {algorithm: →ewmaa}`, "did you mean 'ewma'?"],
  ['E021', `${SERVICE}→healthCheck: {interval: 1s}`, 'exactly one of path and grpc, found none'],
  ['E028', `${SERVICE}healthCheck: {path: /healthz, →grpc: {}}`, 'exactly one of path and grpc, found both'],
  ['E024', `${SERVICE}healthCheck: {path: →healthz}`, 'a path such as /healthz'],
  ['E025', `${SERVICE}healthCheck: {path: /h, interval: →10ms}`, 'between 100ms and'],
  ['E025', `${SERVICE}healthCheck: {path: /h, unhealthy: →0}`, 'between 1 and 100'],
  ['E020', `${SERVICE}healthCheck: {path: /h, →url: /h}`, "unknown key 'url' in healthCheck"],
  // Outcomes
  ['E024', policy('retry: {when: [→connect-failure]}'), "did you mean 'connect_failure'?"],
  ['E024', policy('retry: {when: [→4xx]}'), "did you mean '400-499'?"],
  ['E024', policy('retry: {when: [→600]}'), 'a status from 100 to 599'],
  ['E024', policy('retry: {when: [→504-502]}'), 'write 502-504'],
  ['E024', policy('retry: {when: [→grpc:UNAVAILABEL]}'), "did you mean 'grpc:UNAVAILABLE'?"],
  ['E024', policy('retry: {when: [→UNAVAILABLE]}'), 'write grpc:UNAVAILABLE'],
  ['E024', policy('retry: {when: [→any]}'), 'any is for fallbacks only'],
  ['E024', policy('breaker: {scope: service, failures: [→grpc:14]}'), "did you mean 'grpc:UNAVAILABLE'?"],
  // Addresses, hosts, paths
  ['E024', 'kind: Service\nname: s\nendpoints: [→10.0.0.7]', 'the port is missing: write 10.0.0.7:8080'],
  ['E024', 'kind: Service\nname: s\nendpoints: [→8080]', 'write 127.0.0.1:8080'],
  ['E024', 'kind: Service\nname: s\nendpoints: [→"::1:80"]', 'brackets and a port are missing'],
  ['E024', 'kind: Service\nname: s\nendpoints: [→":80"]', 'the host is missing'],
  ['E024', 'kind: Service\nname: s\nendpoints: [→"a:99999"]', 'a port is a number from 0 to 65535'],
  ['E024', 'kind: Service\nname: s\nendpoints: [→"300.0.0.1:80"]', "'300.0.0.1' is no host"],
  ['E024', `${SERVICE}hosts: [→"http://inventory/"]`, 'leave the scheme and the path out'],
  ['E024', `${SERVICE}hosts: [→"a.*.test"]`, 'a star stands for whole labels'],
  ['E024', `${SERVICE}hosts: [→inventory.]`, 'without the last dot'],
  ['E024', `${SERVICE}hostHeader: →"a b"`, 'keep, endpoint or the host to send'],
  ['E024', 'kind: Service\nname: s\ndns: {name: →"s:80", port: 80}', 'write s'],
  ['E024', `${SIDECAR}trust: {peers: [→10.0.0.0/40]}`, 'the length is 0 to 32'],
  ['E024', `${SIDECAR}trust: {sources: {a: {cidr: [→x]}}}`, 'a block of addresses'],
  ['E024', route('path: →v1'), 'write "/v1"'],
  ['E024', route('path: →/a/**/b'), '** stands at the end only'],
  ['E024', route('path: →/a/b*'), 'a star stands for a whole segment'],
  ['E024', route('path: →"/{a}/{a}"'), '{a} stands twice'],
  ['E024', route('path: →"/a{b}"'), 'braces hold one name'],
  ['E024', route('path: →/a/../b'), 'dot segments are removed first'],
  ['E024', route('path: →/a?b=c'), 'the query takes no part'],
  ['E024', route('methods: [→get]'), "write 'GET'"],
  ['E024', route('headers: {→"x y": z}'), 'a header name'],
  ['E024', route('headers: {x-a: b, Host: →"*.test"}'), 'a host as clients ask for it', "'*.test'"],
  ['E024', route('headers: {host: →"http://shop.test"}'), 'a host as clients ask for it'],
  ['E003', route('headers: {x-a: b, →X-A: c}'), 'case makes no difference'],
  ['E027', `${SIDECAR}outbound: {listen: →[::1]}`, 'as in "[::1]:8080"'],
  ['E027', `${SIDECAR}outbound:\n  listen: →[::1]:8080`, 'write "[::1]:8080"'],
  ['E027', 'kind: Service\nname: s\nendpoints:\n- →[fd00::8]:8080', 'write "[fd00::8]:8080"'],
  // References and what holds between fields
  [
    'E040',
    `${SERVICE}---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: →t}`,
    "there is no Service 't'",
  ],
  [
    'E040',
    'kind: Service\nname: inventory\nendpoints: []\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: →inventroy}',
    "did you mean 'inventory'?",
  ],
  ['E041', `${POLICY}use: →standrd\n---\nkind: Profile\nname: standard`, "did you mean 'standard'?"],
  [
    'E042',
    `${SERVICE}---\nkind: Service\nname: t\nendpoints: []\nhosts: [t, →S]`,
    "'S' is Service s's (policy.yaml:1)",
  ],
  ['E043', `${INBOUND}→breaker: {scope: service}`, "'breaker' is for outbound policies only"],
  ['E043', `${INBOUND}use: →b\n---\nkind: Profile\nname: b\nbreaker: {scope: service}`, 'Profile b brings it'],
  ['E043', 'kind: Policy\nname: p\nmatch: {direction: inbound, →service: s}', 'leave it out'],
  ['E043', 'kind: Policy\nname: p\nmatch: {direction: outbound, service: "*", →port: 80}', 'inbound policies only'],
  ['E045', policy('timeout: {request: 1s, perTry: →2s}'), 'at most timeout.request (1s), found 2s'],
  ['E046', policy('retry: {methods: →any}'), 'add unsafe: true'],
  [
    'E047',
    `${SIDECAR}outbound: {listen: 127.0.0.1:1}\nadmin: {listen: →127.0.0.1:1}`,
    'outbound.listen has 127.0.0.1:1',
  ],
  ['E052', `${SIDECAR}tracing: {→tail: {errors: false}}`, 'must have errors: true or a slowerThan'],
]

for (const [code, marked, ...says] of cases) {
  const [first] = marked.split('→')[1]?.split('\n') ?? []
  t.test(`${code} at ${first?.slice(0, 40)}`, async (t) => {
    const { issues, got, want } = compare(marked, code)
    t.same(got, want, issues.map((issue) => issue.message).join('\n'))
    for (const part of says) t.match(issues[0]?.message, part)
  })
}

t.test('a report names every mistake, from top to bottom', async (t) => {
  const { config, issues } = load(
    `${SIDECAR}limits: {maxHeaders: none}\n---\nkind: Service\nname: s\n---\n${policy('timout: {}\nretry: {max: 12, methods: all}')}`,
  )
  t.equal(config, undefined)
  t.same(
    issues.map(({ code, place }) => `${place.line} ${code}`),
    ['3 E022', '5 E021', '11 E020', '12 E025', '12 E026'],
  )
})

t.test('what follows from a broken document is not reported again', async (t) => {
  const broken = 'kind: Service\nname: inventory\nendpoints: ["a:1"\n---\n'
  const { issues } = load(`${broken}kind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}`)
  t.same(
    issues.map((issue) => issue.code),
    ['E002'],
  )
  const nameless = load('{{{\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: inventory}')
  t.notOk(
    nameless.issues.some((issue) => issue.code === 'E040'),
    'the unreadable document may be the Service',
  )
})
