/** The processes of one variant: order services that share a file, sidecars beside them, and Redis where it is wanted. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child } from '../../../src/demo/child.ts'
import { freePort } from '../../support/free-port.ts'
import { startRedis } from '../../support/redis.ts'
import { Clicker } from './client.ts'

const SHOP = fileURLToPath(new URL('shop.ts', import.meta.url))
const QUIET = 'kind: Sidecar\nname: orders\naccessLog: {format: none}\n'

export interface ShopFlags {
  readonly work?: number
  readonly die?: 'before' | 'after'
  readonly at?: number
}

export class Stage {
  readonly #sidecar: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'outrigger-clicks-'))
  readonly #children: Child[] = []
  readonly #ends: (() => unknown)[] = []
  readonly clicker = new Clicker()

  /** `sidecar`: what follows `node` to become one. */
  constructor(sidecar: readonly string[]) {
    this.#sidecar = sidecar
  }

  get #file(): string {
    return join(this.#folder, 'orders')
  }

  /** Every order that was ever written, a line each. */
  orders(): string[] {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8').trim().split('\n') : []
  }

  port(): Promise<number> {
    return freePort()
  }

  async shop(port: number, { work = 100, die, at = 1 }: ShopFlags): Promise<Child> {
    const how = die === undefined ? [] : ['--die', die, '--at', `${at}`]
    const child = new Child('shop', [SHOP, '--file', this.#file, '--work', `${work}`, '--port', `${port}`, ...how])
    this.#children.push(child)
    await child.ready()
    return child
  }

  /** Beside the order service at `port`, with this block for its writes. */
  async sidecar(port: number, block: string): Promise<{ child: Child; address: string }> {
    const config = join(this.#folder, `sidecar-${this.#children.length}`)
    mkdirSync(config)
    const policy = `kind: Policy\nname: orders\nmatch: {direction: inbound}\nidempotency: ${block}\n`
    writeFileSync(join(config, 'policy.yaml'), `${QUIET}---\n${policy}`)
    const listen = ['--inbound', '127.0.0.1:0', '--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    const child = new Child('sidecar', [
      ...this.#sidecar,
      ...['--config', config, '--name', 'orders', '--app', `127.0.0.1:${port}`, ...listen],
    ])
    this.#children.push(child)
    const { inbound } = await child.ready()
    return { child, address: inbound?.[0] ?? '' }
  }

  /** Its port. */
  async redis(): Promise<number> {
    const { port } = await startRedis({ teardown: (fn) => this.#ends.push(fn) })
    return port
  }

  async stop(): Promise<void> {
    this.clicker.close()
    await Promise.all(this.#children.map((child) => child.stop()))
    for (const end of this.#ends) await end()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Runs `each` for all of 0 … count - 1, `atOnce` of them at the same time. */
export async function inTurns<T>(count: number, atOnce: number, each: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const n = next++
      results[n] = await each(n)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  return results
}
