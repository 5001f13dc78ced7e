/**
 * Leaves out of the bundle what prom-client loads and a sidecar never calls. Its push gateway alone loads `https` and with it
 * TLS, which costs an idle process 9 MB; pushing and Node's cluster have no place beside a service that is scraped.
 */
import type { Plugin } from 'esbuild'

const UNUSED = /prom-client\/lib\/(?:pushgateway|cluster)\.js$/

export const slimPrometheus: Plugin = {
  name: 'slim-prometheus',
  setup(build) {
    build.onLoad({ filter: UNUSED }, () => ({ contents: 'module.exports = class NotInTheBundle {}', loader: 'js' }))
  },
}
