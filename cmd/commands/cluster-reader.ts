/** The way to the cluster of `check` and `diag`: kubectl where it is, else the ServiceAccount of the pod we run in. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SystemClock } from '../../src/core/clock.ts'
import { KubernetesApi } from '../../src/kubernetes/api/client.ts'
import { openConnection } from '../../src/kubernetes/api/connection.ts'
import { apiReader, kubectlReader, type Reader } from '../../src/kubernetes/check/reader.ts'

/** Throws an Error with a sentence where there is neither. */
export function clusterReader(context: string): { readonly reader: Reader; close(): Promise<void> } {
  const program = 'kubectl'
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
  if (!found && process.env['KUBERNETES_SERVICE_HOST'] !== undefined) {
    const api = new KubernetesApi(openConnection({}, process.env, new SystemClock()))
    return { reader: apiReader(api), close: () => api.close() }
  }
  if (!found) throw new Error(`there is no '${program}' on PATH: outrigger reaches a cluster through it`)
  return { reader: kubectlReader(program, context), close: () => Promise.resolve() }
}
