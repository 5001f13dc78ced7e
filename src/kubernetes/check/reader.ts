/** How a check asks the API server: through kubectl, which knows every way to log in, or as a pod does. */
import { spawn } from 'node:child_process'
import { ApiError } from '../api/api-error.ts'
import type { KubernetesApi } from '../api/client.ts'

export interface Reader {
  /** Rejects with an ApiError, or with an Error whose message is a sentence. */
  get<T>(path: string): Promise<T>
  /** For what is no object: a log, metrics. */
  text(path: string): Promise<string>
  create<T>(path: string, object: unknown): Promise<T>
}

export function apiReader(api: KubernetesApi): Reader {
  return {
    get: (path) => api.ask(path),
    text: (path) => api.text(path),
    create: (path, object) => api.ask(path, { method: 'POST', body: object }),
  }
}

/** `context`: of the kubeconfig; '' the current one. */
export function kubectlReader(program: string, context: string): Reader {
  const flags = context === '' ? [] : ['--context', context]
  const run = (args: readonly string[], input: string): Promise<string> => kubectl(program, [...flags, ...args], input)
  return {
    get: async <T>(path: string) => JSON.parse(await run(['get', '--raw', path], '')) as T,
    text: (path) => run(['get', '--raw', path], ''),
    create: async <T>(path: string, object: unknown) =>
      JSON.parse(await run(['create', '--raw', path, '-f', '-'], JSON.stringify(object))) as T,
  }
}

/** Words of kubectl for what the API answered; it has no exit codes for it. */
const STATUSES: readonly (readonly [RegExp, number])[] = [
  [/\(NotFound\)|the server could not find the requested resource/, 404],
  [/\(Forbidden\)/, 403],
]

function kubectl(program: string, args: readonly string[], input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  child.once('error', (cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT'
    reject(
      new Error(missing ? `there is no '${program}' on PATH: outrigger reaches a cluster through it` : cause.message),
    )
  })
  child.once('close', (code) => {
    if (code === 0) return resolve(out)
    const message = err.trim().split('\n').at(-1) ?? ''
    const status = STATUSES.find(([words]) => words.test(err))?.[1]
    reject(status === undefined ? new Error(`kubectl: ${message}`) : new ApiError(status, '', message))
  })
  return promise
}
