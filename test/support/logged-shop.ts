/** A sidecar with one service `shop`, and its access log. */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { type Proxy as Sidecar, type ProxyOptions, startProxy } from './proxy.ts'
import { PemFolder } from './tls.ts'

export interface LoggedShop {
  readonly proxy: Sidecar
  /** Stops it; its access log. */
  log(): Promise<string>
}

/** `service`: what else the Service says. `policy`: the keys of a Policy for it. */
export async function loggedShop(
  t: Test,
  port: number,
  service: string,
  policy: string,
  options: ProxyOptions = {},
): Promise<LoggedShop> {
  const file = new PemFolder(t).write('access.log', '')
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {output: ${file}}\n---\n` +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${port}"]\n${service}\n` +
      `---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\n${policy}`,
    options,
  )
  let stopped = false
  const stop = async () => {
    if (!stopped) await proxy.stop()
    stopped = true
  }
  t.teardown(stop)
  const log = async () => {
    await stop()
    return readFileSync(file, 'utf8')
  }
  return { proxy, log }
}
