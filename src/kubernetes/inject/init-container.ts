/** The container that sets the rules of the firewall and ends. Its security context is its own and never copied from the pod. */
import { INIT } from './names.ts'
import type { Plan } from './plan.ts'

/** `nobody`: the capabilities come from the files of the image. */
const NOBODY = 65_534

export function initContainer({
  settings,
  uid,
  initResources,
}: Plan): Record<string, unknown> & { readonly name: string } {
  const { images, proxy, init } = settings
  const { inbound, outbound, admin } = proxy.ports
  const user = init.runAsRoot ? { runAsUser: 0, runAsNonRoot: false } : { runAsUser: NOBODY, runAsNonRoot: true }
  return {
    name: INIT,
    image: images.init,
    imagePullPolicy: images.pullPolicy,
    args: [
      'firewall',
      'apply',
      `--inbound=${inbound}`,
      `--outbound=${outbound}`,
      `--proxy-uid=${uid}`,
      `--skip-inbound=${[admin, ...proxy.skipInboundPorts].join(',')}`,
      `--skip-outbound=${proxy.skipOutboundPorts.join(',')}`,
      `--skip-outbound-cidrs=${proxy.skipOutboundCidrs.join(',')}`,
      `--backend=${init.backend}`,
    ],
    securityContext: {
      ...user,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    resources: initResources,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}
