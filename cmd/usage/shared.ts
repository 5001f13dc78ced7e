/** Flags that several commands have, said once. */
import type { FlagUsage } from '../command-line/usage.ts'

export const ADMIN: FlagUsage = {
  value: 'HOST:PORT',
  says: 'the admin listener of the sidecar',
  otherwise: '127.0.0.1:19002',
}

export const POLICY_FILES: FlagUsage = {
  value: 'PATH',
  many: true,
  says: 'policy files, or folders of them; in the variable separated by colons',
}

export const SIDECAR_NAME: FlagUsage = {
  value: 'SIDECAR',
  says: 'the sidecar whose policies with a workload hold',
  depends: "the Sidecar document's name",
}

/** The Kubernetes API, for whoever is not in a pod of it. */
export const KUBERNETES = {
  'kube-api': { value: 'URL', says: 'the Kubernetes API', depends: 'as the pod finds it' },
  'kube-token-file': { value: 'PATH', says: 'the token for it', depends: "the ServiceAccount's" },
  'kube-ca-file': { value: 'PATH', says: 'who has signed its certificate', depends: "the ServiceAccount's" },
} as const satisfies Readonly<Record<string, FlagUsage>>

export const LOG_LEVEL: FlagUsage = {
  value: 'error|warn|info|debug',
  says: 'what is logged',
  otherwise: 'info',
}

export const SYSTEM_NAMESPACE: FlagUsage = {
  value: 'NS',
  says: 'where the injector is',
  otherwise: 'outrigger-system',
}

export const KUBECONFIG_CONTEXT: FlagUsage = { value: 'NAME', says: "kubectl's context", depends: 'the current one' }
