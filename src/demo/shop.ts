/**
 * One shop: order and inventory, each a process of its own, and where a policy is given, a sidecar beside each.
 * client → [sidecar inbound →] order → [sidecar outbound → sidecar inbound →] inventory
 */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, type Ready } from './child.ts'
import { callJson } from './http.ts'
import type { OrderStats } from './order.ts'
import { renderPolicy } from './policy-text.ts'

/** The address of inventory as the shipped policy files have it. */
const WRITTEN_INVENTORY = '127.0.0.1:8081'

/** What follows `node` to become one of the processes. */
export interface Launch {
  /** Takes `--role order|inventory …`. */
  readonly role: readonly string[]
  /** Takes the flags of `run`, and dies when its standard input ends. */
  readonly sidecar: readonly string[]
}

export interface ShopOptions {
  readonly launch: Launch
  /** Settings of the order service's HTTP client: none, feign, dubbo. */
  readonly client: string
  /** The policy file's text as shipped; undefined: no sidecars. */
  readonly policy: string | undefined
  /** What every time is divided by. */
  readonly scale: number
  /** False: none beside inventory, which no policy of these stories concerns. True unless said. */
  readonly bothSidecars?: boolean
}

export class Shop {
  readonly #options: ShopOptions
  /** Also when this process ends by an exception; synchronous, because then nothing else is. */
  readonly #tidy = (): void => {
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true })
  }
  #children: Child[] = []
  #folder = ''
  /** Where clients go. */
  entrance = ''
  /** The order service itself, for its controls. */
  order = ''
  /** The inventory service itself, for its controls. */
  inventory = ''
  /** The admin listener of order's sidecar, or ''. */
  admin = ''
  /** The admin listener of inventory's sidecar, or ''. */
  besideAdmin = ''
  /** The outbound listener of order's sidecar, or ''. */
  outbound = ''

  private constructor(options: ShopOptions) {
    this.#options = options
  }

  /** Starts everything and resolves when all of it listens; on failure nothing stays behind. */
  static async start(options: ShopOptions): Promise<Shop> {
    const shop = new Shop(options)
    try {
      await shop.#start()
    } catch (error) {
      await shop.stop()
      throw error
    }
    return shop
  }

  /** Pids of the living, by name. */
  get processes(): readonly Child[] {
    return this.#children
  }

  /** The first child that ended by itself, which ends the story. */
  get fallen(): Child | undefined {
    return this.#children.find((child) => child.ended)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()))
    this.#tidy()
    process.off('exit', this.#tidy)
  }

  /** Tells the order service something, and resolves with how things stood before. */
  async tellOrder(wish: Record<string, unknown> = {}): Promise<OrderStats> {
    return (await callJson(this.order, 'POST', '/control', wish)).value as OrderStats
  }

  /** Tells inventory something, and resolves with the calls it has seen so far and those it is holding. */
  async tellInventory(wish: Record<string, unknown> = {}): Promise<{ calls: number; held: number }> {
    return (await callJson(this.inventory, 'POST', '/control', wish)).value as { calls: number; held: number }
  }

  /** The order service dies on the spot; its sidecar stays. */
  async killOrder(): Promise<void> {
    await Promise.all(this.#children.filter(({ name }) => name === 'order').map((child) => child.kill()))
    this.#children = this.#children.filter((child) => !child.ended)
  }

  /** It is there again, at the same address, with what it had at its first start. */
  async restartOrder(): Promise<void> {
    const { client, scale } = this.#options
    const port = this.order.slice(this.order.lastIndexOf(':') + 1)
    await this.#role('order', ['--scale', `${scale}`, '--client', client, '--port', port])
    await this.#introduce()
  }

  /** Starts one more sidecar, beside `app` and with these policies, and resolves with where it listens. */
  async sidecar(name: string, app: string, policy: string): Promise<Ready> {
    if (this.#folder === '') {
      this.#folder = await mkdtemp(join(tmpdir(), 'outrigger-shop-'))
      process.once('exit', this.#tidy)
    }
    const config = join(this.#folder, name)
    await mkdir(config)
    await writeFile(join(config, 'sidecar.yaml'), QUIET)
    if (policy !== '') await writeFile(join(config, 'policy.yaml'), policy)
    const listen = ['--inbound', '127.0.0.1:0', '--outbound', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    const what = ['--config', config, '--name', name, '--app', app]
    return this.#spawn(`sidecar of ${name}`, [...this.#options.launch.sidecar, ...what, ...listen])
  }

  async #start(): Promise<void> {
    const { client, policy, scale } = this.#options
    const [inventory, order] = await Promise.all([
      this.#role('inventory', ['--scale', `${scale}`]),
      this.#role('order', ['--scale', `${scale}`, '--client', client]),
    ])
    this.inventory = inventory
    this.order = order
    this.entrance = order
    if (policy === undefined) {
      await this.#introduce()
      return
    }
    const beside = this.#options.bothSidecars === false ? undefined : await this.sidecar('inventory', inventory, '')
    const next = beside?.inbound?.[0] ?? inventory
    const ready = await this.sidecar('order', order, renderPolicy(policy, scale, { [WRITTEN_INVENTORY]: next }))
    this.entrance = ready.inbound?.[0] ?? ''
    this.admin = ready.admin ?? ''
    this.besideAdmin = beside?.admin ?? ''
    this.outbound = ready.outbound ?? ''
    await this.#introduce()
  }

  /** Tells the order service where inventory is: through its sidecar, if it has one. */
  async #introduce(): Promise<void> {
    const byName = this.outbound !== ''
    await this.tellOrder({ inventory: { connect: byName ? this.outbound : this.inventory, byName } })
  }

  async #role(role: string, args: readonly string[]): Promise<string> {
    const ready = await this.#spawn(role, [...this.#options.launch.role, '--role', role, ...args])
    return ready.listen ?? ''
  }

  #spawn(name: string, command: readonly string[]): Promise<Ready> {
    const child = new Child(name, [...process.execArgv, ...command])
    this.#children.push(child)
    return child.ready()
  }
}

/** Nobody reads the access log of a story; the name and the listeners come from the flags. */
const QUIET = `kind: Sidecar
name: shop
accessLog: {format: none}
`
