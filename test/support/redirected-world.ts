/** A sidecar before redirected connections, an origin, and clients that were going wherever a test says. */
import type { Test } from 'tap'
import { FakeClock } from './fake-clock.ts'
import { type Proxy as Running, type ProxyOptions, startProxy } from './proxy.ts'
import { connect, type RawSocket, turn } from './raw.ts'
import { type RawOrigin, type Script, startRawOrigin } from './raw-origin.ts'

export const BARE = 'kind: Sidecar\nname: orders\naccessLog: {format: none}\n'

export interface RedirectedWorld {
  readonly proxy: Running
  readonly origin: RawOrigin
  readonly clock: FakeClock
  /** A connection of a client that was going to the origin, or wherever is said. */
  client(direction?: 'inbound' | 'outbound', to?: { host: string; port: number } | 'nowhere'): Promise<RawSocket>
}

/** `ORIGIN` in `yaml` stands for the origin's port. */
export async function redirectedWorld(
  t: Pick<Test, 'teardown'>,
  script: Script,
  yaml = BARE,
  options: Partial<ProxyOptions> = {},
): Promise<RedirectedWorld> {
  const origin = await startRawOrigin(script)
  const clock = new FakeClock()
  let to: { host: string; port: number } | undefined
  const proxy = await startProxy(yaml.replaceAll('ORIGIN', String(origin.port)), {
    clock,
    redirectedFrom: () => to,
    ...options,
  })
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  const client = async (
    direction: 'inbound' | 'outbound' = 'outbound',
    where: { host: string; port: number } | 'nowhere' = { host: '127.0.0.1', port: origin.port },
  ) => {
    to = where === 'nowhere' ? undefined : where
    const socket = await connect(proxy[direction])
    // The proxy has asked where this one was going before another one comes.
    await turn()
    await turn()
    return socket
  }
  return { proxy, origin, clock, client }
}
