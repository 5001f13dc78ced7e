/**
 * Endpoints from the EndpointSlices of a real API server, under load. It takes no loopback address into a slice, so the whole
 * suite, API server and all, runs in a network namespace of its own whose `lo` has other addresses.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Report } from '../report.ts'
import type { Suite } from '../suite.ts'
import { missing } from '../tools.ts'

const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
/** Every address of 10.77.0.0/16 is then one of ours; of IPv6 only those that are named. */
const PREPARE = [
  'ip link set lo up',
  'ip address add 10.77.0.0/16 dev lo',
  'ip address add fd77::1/128 dev lo nodad',
  'ip address add fd77::2/128 dev lo nodad',
]

/** What the process inside sends when it is through. */
export interface Counted {
  readonly held: number
  readonly failed: number
}

export const discovery: Suite = {
  name: 'discovery',
  shows: 'endpoints that come and go under load, and an API server that stops and starts',
  lacks: () => missing('up.sh', BINARIES, ['helm', 'unshare', 'ip']),
  async run(report: Report) {
    const inside = join(import.meta.dirname, 'inside.ts')
    const script = [...PREPARE, `exec "$0" "$1"`].join(' && ')
    const child = spawn('unshare', ['--net', 'sh', '-c', script, process.execPath, inside], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    let counted: Counted | undefined
    child.on('message', (message) => {
      counted = message as Counted
    })
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    if (counted === undefined) throw new Error(`the process in the namespace ended with ${code} before it had counted`)
    report.held += counted.held
    report.failed += counted.failed
  },
}
