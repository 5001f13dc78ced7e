/** The sidecar's container. */
import { appPortsText } from './app-ports.ts'
import { SERVICE_ACCOUNT } from '../api/connection.ts'
import { API_VOLUME, POLICY_FOLDER, PROXY, VOLUME } from './names.ts'
import type { Plan } from './plan.ts'
import { exec } from './program.ts'
import type { ProbeTimes } from './settings.ts'

/** s that an application waits for its sidecar in the legacy layout. */
const LEGACY_WAIT = '60s'

export function proxyContainer(plan: Plan): Record<string, unknown> & { readonly name: string } {
  const { settings, native } = plan
  const { images, proxy } = settings
  return {
    name: PROXY,
    ...(native ? { restartPolicy: 'Always' } : {}),
    image: images.proxy,
    imagePullPolicy: images.pullPolicy,
    args: proxyArgs(plan),
    ports: proxyPorts(plan),
    env: proxyEnvironment(plan),
    startupProbe: probe('/startupz', proxy.probes.startup),
    readinessProbe: probe('/readyz', proxy.probes.readiness),
    livenessProbe: probe('/livez', proxy.probes.liveness),
    ...lifecycle(plan),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: plan.uid,
      runAsGroup: plan.uid,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: VOLUME, mountPath: POLICY_FOLDER, readOnly: true },
      // A container that mounts something here gets no token of the pod's from the API server.
      ...(settings.discovery === 'dns' ? [] : [{ name: API_VOLUME, mountPath: SERVICE_ACCOUNT, readOnly: true }]),
    ],
    resources: plan.resources,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}

export function proxyArgs({ settings, name, appPorts, namedPorts }: Plan): string[] {
  const { interception, proxy } = settings
  const { inbound, outbound, admin } = proxy.ports
  const common = [
    'run',
    `--name=${name}`,
    `--config=${POLICY_FOLDER}`,
    `--admin=[::]:${admin}`,
    '--lenient-start',
    `--log-level=${proxy.logLevel}`,
  ]
  switch (interception) {
    case 'redirect':
      return [
        ...common,
        `--inbound=[::]:${inbound}`,
        `--outbound=[::]:${outbound}`,
        '--transparent',
        `--opaque-ports=${proxy.opaquePorts.join(',') || 'none'}`,
      ]
    case 'named-port': {
      const map = namedPorts.map(({ port, listen }) => `${port}:${listen}`).join(',')
      return [...common, `--outbound=127.0.0.1:${outbound}`, ...(map === '' ? [] : [`--inbound-port-map=${map}`])]
    }
    case 'none': {
      const [first] = appPorts
      const app = first === undefined ? [] : [`--inbound=[::]:${inbound}`, `--app=127.0.0.1:${first.port}`]
      return [...common, `--outbound=127.0.0.1:${outbound}`, ...app]
    }
  }
}

export function proxyPorts({ settings, namedPorts }: Plan): object[] {
  const { interception, proxy } = settings
  const inbound =
    interception === 'named-port'
      ? namedPorts.map(({ name, listen }) => ({ name, containerPort: listen, protocol: 'TCP' }))
      : [{ name: 'outrigger-in', containerPort: proxy.ports.inbound, protocol: 'TCP' }]
  return [...inbound, { name: 'outrigger-admin', containerPort: proxy.ports.admin, protocol: 'TCP' }]
}

/**
 * The two that change when containers join the pod later. The kubelet puts variables in place of `$(NAME)`, and `$` in place of `$$`: a
 * probe may have either in a header or its path, and is asked as it stands.
 */
export function changing({ appPorts, appProbes }: Plan): Record<'APP_PORTS' | 'APP_PROBES', string> {
  const probes = JSON.stringify(Object.fromEntries(appProbes)).replaceAll('$', '\\u0024')
  return { APP_PORTS: appPortsText(appPorts), APP_PROBES: probes }
}

function proxyEnvironment(plan: Plan): object[] {
  const { settings, native, grace } = plan
  const texts = {
    ...changing(plan),
    TERMINATION_GRACE_SECONDS: String(grace),
    OUTRIGGER_NATIVE_SIDECAR: String(native),
    ...settings.proxy.env,
  }
  return [
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    field('POD_UID', 'metadata.uid'),
    field('POD_IPS', 'status.podIPs'),
    { name: 'CONTAINER_NAME', value: PROXY },
    field('NODE_NAME', 'spec.nodeName'),
    field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    { name: 'MEM_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
    { name: 'CPU_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
    ...Object.entries(texts).map(([name, value]) => ({ name, value })),
  ]
}

function field(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } }
}

function probe(path: string, { period, failures, timeout }: ProbeTimes): object {
  return {
    httpGet: { path, port: 'outrigger-admin', scheme: 'HTTP' },
    periodSeconds: Math.ceil(period / 1000),
    failureThreshold: failures,
    timeoutSeconds: Math.ceil(timeout / 1000),
  }
}

/** The kubelet starts containers in order and waits for each postStart: that is what makes a legacy sidecar the first. */
function lifecycle({ native, settings }: Plan): object {
  const hooks = {
    ...(native ? {} : { postStart: exec('wait', `--timeout=${LEGACY_WAIT}`) }),
    ...(settings.proxy.drainOnPreStop ? { preStop: exec('drain') } : {}),
  }
  return Object.keys(hooks).length === 0 ? {} : { lifecycle: hooks }
}
