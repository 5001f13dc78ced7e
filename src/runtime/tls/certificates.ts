/** The certificates in force, by the files they come from: read at load, renewed when the files change, kept when they cannot be read. */
import { listenerFiles, type TlsCheck, type TlsFiles, type TlsProblem, upstreamFiles } from '../../config/build/tls.ts'
import type { Config } from '../../config/model.ts'
import type { Clock } from '../../core/clock.ts'
import { type TlsContents, TlsMaterial } from '../../net/tls-material.ts'
import type { CertificateSample, Log } from '../../telemetry/index.ts'
import { signatureOf } from '../reload.ts'
import { isError, type ReadTls, readTls } from './read.ts'
import { validities } from './validity.ts'

interface Held {
  readonly files: TlsFiles
  readonly material: TlsMaterial
}

export class Certificates {
  readonly #clock: Clock
  readonly #log: Log
  #held: Map<string, Held>
  /** Read by the load that is under way, or was given up. */
  #read: Map<string, TlsContents>
  /** What the last load could not use. */
  readonly #lacking: Set<string>
  /** Path → what the file was like before it was read last. */
  readonly #versions: Map<string, string>

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
    this.#held = new Map()
    this.#read = new Map()
    this.#lacking = new Set()
    this.#versions = new Map()
  }

  /** For the loader. What is in force already is looked after by `refresh`, and no reason to refuse a configuration. */
  readonly check: TlsCheck = (files) => {
    const key = keyOf(files)
    if (this.#held.has(key)) return []
    const { contents, problems } = this.#readFiles(files)
    if (contents !== undefined) this.#read.set(key, contents)
    else {
      this.#read.delete(key)
      for (const path of pathsOf(files)) this.#lacking.add(path)
    }
    return problems
  }

  #readFiles(files: TlsFiles): ReadTls {
    // Two may name one file: what counts is how it was before the first of them read it.
    for (const path of pathsOf(files)) if (!this.#versions.has(path)) this.#versions.set(path, signatureOf(path))
    return readTls(files, this.#clock.wallTime())
  }

  /** A configuration was taken over: what it names is in force, and nothing else. */
  adopt({ sidecar, services }: Config): void {
    const held = new Map<string, Held>()
    const take = (files: TlsFiles) => {
      const key = keyOf(files)
      const contents = this.#read.get(key)
      const before = this.#held.get(key)
      if (before !== undefined) held.set(key, before)
      else if (contents !== undefined) held.set(key, { files, material: new TlsMaterial(contents) })
    }
    for (const { tls } of sidecar.inbound) if (tls !== undefined) take(listenerFiles(tls))
    for (const { tls } of services) if (tls !== undefined) take(upstreamFiles(tls))
    this.#held = held
    this.#read = new Map()
  }

  /** Of files that the configuration in force names. */
  of(files: TlsFiles): TlsMaterial {
    return (this.#held.get(keyOf(files)) as Held).material
  }

  /** When those that this configuration names begin and end. */
  samples({ sidecar, services }: Config): CertificateSample[] {
    const samples = new Map<string, CertificateSample>()
    const add = (files: TlsFiles, direction: CertificateSample['direction'], service: string) => {
      // Two listeners may show the same certificate.
      for (const sample of validities(files, this.of(files).contents, { direction, service })) {
        samples.set(`${direction} ${service} ${sample.part} ${sample.file}`, sample)
      }
    }
    for (const { tls } of sidecar.inbound) if (tls !== undefined) add(listenerFiles(tls), 'inbound', sidecar.name)
    for (const { name, tls } of services) if (tls !== undefined) add(upstreamFiles(tls), 'outbound', name)
    return [...samples.values()]
  }

  /** Every file that is to be watched: those in force, and those for which the last load was given up. */
  get paths(): string[] {
    const held = [...this.#held.values()].flatMap(({ files }) => pathsOf(files))
    return [...new Set([...held, ...this.#lacking])].sort()
  }

  /** `signature(paths)` from before they were read. */
  get seen(): string {
    return this.paths.map((path) => this.#versions.get(path) ?? signatureOf(path)).join('\n')
  }

  /** The last load was given up, and it was files of ours that it could not use. */
  get lacks(): boolean {
    return this.#lacking.size > 0
  }

  /**
   * Reads all files again. Those that cannot be used leave what is in force as it is; connections that are open go on. What a load could
   * not use is forgotten: the next one says it anew.
   */
  refresh(): void {
    this.#lacking.clear()
    this.#versions.clear()
    for (const { files, material } of this.#held.values()) {
      const { contents, problems } = this.#readFiles(files)
      if (contents === undefined) {
        this.#report('certificates cannot be used, the last good ones stay in force', files, problems.filter(isError))
      } else if (!isSame(contents, material.contents)) {
        material.renew(contents)
        this.#log.info('certificates renewed', { cert: files.cert, ca: files.ca })
        if (problems.length > 0) this.#report('certificates are in force, with a warning', files, problems)
      }
    }
  }

  #report(message: string, files: TlsFiles, problems: readonly TlsProblem[]): void {
    const report = problems.map(({ code, file, message: why }) => `${code} ${file} '${files[file]}' ${why}`)
    const log = problems.some(isError) ? this.#log.error : this.#log.warn
    log.call(this.#log, message, { report })
  }
}

function pathsOf({ cert, key, ca }: TlsFiles): string[] {
  return [cert, key, ca].filter((path) => path !== '')
}

function keyOf({ side, cert, key, ca }: TlsFiles): string {
  return JSON.stringify([side, cert, key, ca])
}

function isSame(one: TlsContents, other: TlsContents): boolean {
  return sameBytes(one.cert, other.cert) && sameBytes(one.key, other.key) && sameBytes(one.ca, other.ca)
}

/** The system's roots are read once, so that they are the same list. */
function sameBytes(one: TlsContents['ca'], other: TlsContents['ca']): boolean {
  return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other
}
