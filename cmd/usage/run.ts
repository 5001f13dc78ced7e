import { usage } from '../command-line/usage.ts'
import { KUBERNETES, LOG_LEVEL, POLICY_FILES } from './shared.ts'

/** Where servers speak first: SMTP, submission, MySQL, Galera, PostgreSQL, Redis, Elasticsearch's transport, memcached. */
const SERVER_FIRST = '25,587,3306,4444,5432,6379,9300,11211'

export const RUN = usage({
  name: 'run',
  brief: "the sidecar; a first argument that starts with '-' means run",
  synopsis: '',
  flags: {
    config: { ...POLICY_FILES, depends: '/etc/outrigger/policy, where that exists' },
    name: { value: 'NAME', says: 'of this sidecar', depends: "the Sidecar document's, else outrigger" },
    app: { value: 'HOST:PORT', says: 'the application', depends: "the Sidecar document's, else no inbound listener" },
    inbound: {
      value: 'HOST:PORT',
      says: 'where clients come',
      depends: "the Sidecar document's, else 0.0.0.0:19000; with --transparent [::]:19000",
    },
    outbound: {
      value: 'HOST:PORT',
      says: 'where the application asks for others',
      depends: "the Sidecar document's, else 127.0.0.1:19001; with --transparent [::]:19001",
    },
    admin: {
      value: 'HOST:PORT',
      says: 'the admin listener',
      depends: "the Sidecar document's, else 127.0.0.1:19002",
    },
    'log-level': LOG_LEVEL,
    'page-paths': { says: 'the page shows paths of requests' },
    'metrics-compatibility': {
      value: 'istio',
      says: "Istio's metrics are told, too",
      depends: "the Sidecar document's, else none",
    },
    'lenient-start': { says: 'policy files that cannot be used do not keep it from starting' },
    transparent: { says: 'connections are led here by rules, see outrigger firewall' },
    'opaque-ports': {
      value: 'PORTS|none',
      says: 'taken as bytes, for their servers speak first',
      otherwise: SERVER_FIRST,
    },
    'app-ports': {
      value: 'PORT=PROTOCOL,…',
      says: 'what the application speaks',
      also: 'APP_PORTS',
      otherwise: '',
    },
    'inbound-port-map': { value: 'APP:LISTENER,…', says: 'a listener for each port of the application', otherwise: '' },
    ...KUBERNETES,
  },
  variables: 'all',
  exit: {
    0: 'after a drain',
    1: 'files that cannot be used, or a port that is taken',
    130: 'a second SIGINT',
    143: 'a second SIGTERM',
  },
  notes: ['Port 0 takes any free port. Once every listener is bound, a line {"msg":"ready",…} on stderr says where.'],
})
