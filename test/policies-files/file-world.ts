/** A sidecar from a file of `policies/` as it is shipped: nothing is changed but where the other side listens. */
import { readFileSync } from 'node:fs'
import { FakeClock } from '../support/fake-clock.ts'
import { type Proxy as Sidecar, type ProxyOptions, startProxy } from '../support/proxy.ts'
import type { Message } from '../support/read-message.ts'
import { answering, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts'

export interface Test {
  teardown(fn: () => unknown): unknown
}

export interface FileOptions extends ProxyOptions {
  /** What stands in the file, and what takes its place: addresses above all. Each must be found. */
  readonly replace?: Readonly<Record<string, string>>
  /** The name of the Sidecar, where the file has no document of that kind. */
  readonly name?: string
}

export async function startFile(t: Test, file: string, options: FileOptions = {}): Promise<Sidecar> {
  const { replace = {}, name = 'test', ...rest } = options
  let text = readFileSync(new URL(`../../policies/${file}`, import.meta.url), 'utf8')
  for (const [old, mine] of Object.entries(replace)) {
    if (!text.includes(old)) throw new Error(`${file} has no ${old}`)
    text = text.replace(old, () => mine)
  }
  const quiet = 'kind: Sidecar\naccessLog: {format: none}\n'
  const own = text.includes('kind: Sidecar\n')
  const proxy = await startProxy(
    own ? text.replace('kind: Sidecar\n', quiet) : `${quiet}name: ${name}\n---\n${text}`,
    rest,
  )
  t.teardown(() => proxy.stop())
  return proxy
}

/** An origin of the test's own. */
export async function origin(t: Test, script: Script): Promise<RawOrigin> {
  const started = await startRawOrigin(script)
  t.teardown(() => started.close())
  return started
}

/** `127.0.0.1:PORT` in place of what the file says. */
export function at(...pairs: readonly (readonly [string, { readonly port: number }])[]): Record<string, string> {
  return Object.fromEntries(pairs.map(([address, { port }]) => [address, `127.0.0.1:${port}`]))
}

export function plain(status: number, body = '', ...fields: string[]): string {
  return [`HTTP/1.1 ${status} Said`, `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}

/** Answers with what `say` gives for the n-th request of all, counted from 0. */
export function saying(say: (n: number, request: Message) => string): Script {
  let n = 0
  return answering((request) => say(n++, request))
}

export interface Timed {
  readonly clock: FakeClock
  readonly proxy: Sidecar
}

export async function startTimed(t: Test, file: string, options: FileOptions = {}): Promise<Timed> {
  const clock = new FakeClock()
  return { clock, proxy: await startFile(t, file, { ...options, clock }) }
}
