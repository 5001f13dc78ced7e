/** A whole sidecar in one process, from its start to its end. Its parts: parts.ts. */
import { type AdminListener, startAdmin } from '../admin/index.ts'
import { OwnAddresses } from '../net/own-addresses.ts'
import { ownerOf } from '../net/peer-owner.ts'
import { adminSource } from './admin-source.ts'
import { compile } from './compile.ts'
import { Interception } from './interception/interception.ts'
import { LoopGuard } from './interception/loop-guard.ts'
import { loadOriginals } from './interception/load-originals.ts'
import { Parts } from './parts.ts'
import { FileWatch, signature } from './reload.ts'
import type { SidecarOptions } from './sidecar-options.ts'
import { telemetrySources } from './telemetry-sources.ts'
import { portOf } from './traffic-listener.ts'

/** Throws a ConfigError, or an Error whose message is a sentence: a taken port, flags that do not fit. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const sidecar = new Sidecar(options)
  try {
    await sidecar.open()
  } catch (error) {
    await sidecar.close()
    throw error
  }
  return sidecar
}

export class Sidecar {
  /** `host:port` of each listener, in the order of the Sidecar document. */
  inbound: readonly string[] = []
  outbound = ''
  admin = ''
  readonly #options: SidecarOptions
  readonly #parts: Parts
  #adminListener: AdminListener | undefined
  /** Of all listeners. */
  #ports: readonly number[] = []
  /** What the policy files were like before they were read. */
  readonly #seen: string
  #watch: FileWatch | undefined
  #certificateWatch: FileWatch | undefined
  #opened = false

  constructor(options: SidecarOptions) {
    this.#options = options
    this.#seen = signature(options.paths)
    this.#parts = new Parts(options)
  }

  async open(): Promise<void> {
    const parts = this.#parts
    const { sidecar, listeners, certificates, makeReceiver, clock } = parts
    const { portMap = [], paths } = this.#options
    const interception = await this.#intercept()
    parts.interception = interception
    const runtime = () => parts.runtime
    await listeners.open({ sidecar, portMap, certificates, interception, makeReceiver, runtime })
    parts.telemetry.observe(telemetrySources(parts, interception))
    const admin = await startAdmin(
      sidecar.admin.listen,
      adminSource(parts, () => this.#opened),
      clock,
    )
    this.#adminListener = admin
    this.#ports = [...listeners.all.map(({ port }) => port), portOf(admin.address)]
    this.inbound = listeners.inbound.map(({ address }) => address)
    this.outbound = listeners.outbound[0]?.address ?? ''
    this.admin = admin.address
    this.#watch = new FileWatch(paths, this.#seen, clock, () => this.reload())
    this.#watchCertificates()
    parts.overload.start()
    this.#opened = true
  }

  async #intercept(): Promise<Interception> {
    const { sidecar, random, clock, configuration, services, telemetry } = this.#parts
    const { log, originals, portMap = [], appPorts = new Map(), opaquePorts = [] } = this.#options
    const uid = process.getuid?.()
    const interception = {
      log,
      random,
      originals: originals ?? (await loadOriginals(sidecar, portMap, log)),
      own: new OwnAddresses(clock),
      loopGuard: uid === undefined ? undefined : new LoopGuard(uid, ownerOf, log),
      appPorts,
      opaquePorts,
      record: telemetry.passed,
      listenerPorts: () => this.#ports,
    }
    return new Interception(interception, configuration.current, (name) => services.service(name))
  }

  /** Apart from the policies: neither has to wait until nothing is wrong with the other. */
  #watchCertificates(): void {
    const { certificates, clock } = this.#parts
    this.#certificateWatch?.close()
    const { paths, seen } = certificates
    this.#certificateWatch =
      paths.length === 0 ? undefined : new FileWatch(paths, seen, clock, () => this.#certificatesChanged())
  }

  /** Policies that were refused for want of a file, which a kubelet may bring a minute after them, are good when it has come. */
  #certificatesChanged(): void {
    const { certificates } = this.#parts
    if (certificates.lacks) this.reload()
    else certificates.refresh()
  }

  /** Takes over the files as they are now; keeps the last good configuration when they cannot be used. */
  reload(): boolean {
    const { certificates, configuration, services, context, interception, states } = this.#parts
    certificates.refresh()
    if (!configuration.reload()) {
      this.#watchCertificates()
      return false
    }
    const config = configuration.current
    certificates.adopt(config)
    this.#watchCertificates()
    const { retire } = services.update(config.services, config.sidecar)
    const runtime = compile(config, context)
    this.#parts.runtime = runtime
    interception?.update(config, (name) => services.service(name))
    states.prune(runtime.statements)
    retire()
    this.#options.log.info('configuration reloaded', { hash: config.hash, warnings: config.warnings.length })
    return true
  }

  /** For whoever has moved the access log's file away: from now on lines go to a new one under its path. */
  reopenLog(): void {
    const { telemetry, sidecar } = this.#parts
    const { format, output } = sidecar.accessLog
    if (format === 'none' || output === 'stdout' || output === 'stderr') return
    try {
      telemetry.reopen()
      this.#options.log.info('access log reopened', { output })
    } catch (cause) {
      this.#options.log.error('the access log cannot be reopened, the file that was open stays', { output, cause })
    }
  }

  /** What nobody caught, such as a throw on a timer: counted and logged as what sockets catch is. */
  defect(where: string, error: unknown): void {
    this.#parts.telemetry.events.defect(where, error)
  }

  /** Readiness off, then the drain; settles when it is over. The admin listener stays. */
  drain(): Promise<void> {
    return this.#parts.drain.start()
  }

  /** Ends everything that is left. */
  async close(): Promise<void> {
    const { drain, overload, listeners, services, passthrough, states, telemetry } = this.#parts
    this.#opened = false
    this.#watch?.close()
    this.#certificateWatch?.close()
    drain.cancel()
    overload.stop()
    listeners.destroy()
    services.close()
    passthrough.close()
    states.close()
    await this.#adminListener?.close()
    await telemetry.close()
  }
}
