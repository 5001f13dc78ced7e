/** The configuration in force, and what became of the last attempt to change it. */
import { existsSync } from 'node:fs'
import type { TlsCheck } from '../config/build/tls.ts'
import type { Config, Issue } from '../config/model.ts'
import { formatIssue } from '../config/issues.ts'
import type { Clock } from '../core/clock.ts'
import type { ConfigSample, Log } from '../telemetry/index.ts'
import { checkConfig } from './check-config.ts'

/** The files cannot be used; `report` has a line for each problem. */
export class ConfigError extends Error {
  readonly report: readonly string[]

  constructor(report: readonly string[]) {
    super(report.join('\n'))
    this.name = 'ConfigError'
    this.report = report
  }
}

export interface ConfigurationOptions {
  /** Files and folders. */
  readonly paths: readonly string[]
  /** `--name`. */
  readonly name: string | undefined
  /** Lays the flags over what the files say. Throws an Error with a sentence where they do not go together. */
  adapt(config: Config): Config
  readonly clock: Clock
  readonly log: Log
  readonly tls: TlsCheck
  /** Begins without files that cannot be used, which counts as a reload that failed; a path where nothing is is an empty folder. */
  readonly lenient: boolean
}

export class Configuration {
  current: Config
  /** ms since 1970. */
  loadedAt: number
  /** When the files were read last, whatever came of it, ms since 1970. */
  readAt: number
  lastReloadSuccess = true
  /** Lines, as `validate` would print them. */
  lastReport: readonly string[]
  readonly #options: ConfigurationOptions

  /** Throws a ConfigError. */
  constructor(options: ConfigurationOptions) {
    this.#options = options
    const { config, issues } = this.#load(options.paths, true)
    this.lastReport = issues.map(formatIssue)
    this.current = config ?? this.#without()
    this.loadedAt = options.clock.wallTime()
    this.readAt = this.loadedAt
    this.#warn(issues)
  }

  /** What a sidecar without any file does. */
  #without(): Config {
    const { config } = this.#options.lenient ? this.#load([], true) : { config: undefined }
    if (config === undefined) throw new ConfigError(this.lastReport)
    this.lastReloadSuccess = false
    this.#options.log.error('the files cannot be used, the sidecar starts without them', { report: this.lastReport })
    return config
  }

  #load(stated: readonly string[], mayWait: boolean): { config: Config | undefined; issues: readonly Issue[] } {
    const paths = this.#options.lenient ? stated.filter((path) => existsSync(path)) : stated
    const { config, issues } = checkConfig(paths, {
      sidecarName: this.#options.name,
      tls: this.#options.tls,
      mayWait,
      now: this.#options.clock.wallTime(),
    })
    return { config: config === undefined ? undefined : this.#options.adapt(config), issues }
  }

  /** As metrics and the page show it. */
  get sample(): ConfigSample {
    const { current, lastReloadSuccess, loadedAt } = this
    return { hash: current.hash, lastReloadSuccess, loadedAt, warnings: current.warnings.length }
  }

  /** Reads the files again. False: they cannot be used, the last good ones stay in force. */
  reload(): boolean {
    const { config, issues, report } = this.#tryLoad()
    this.readAt = this.#options.clock.wallTime()
    this.lastReport = report
    this.lastReloadSuccess = config !== undefined
    if (config === undefined) {
      this.#options.log.error('reload failed, the last good configuration stays in force', { report: this.lastReport })
      return false
    }
    this.current = config
    this.loadedAt = this.readAt
    this.#warn(issues)
    return true
  }

  /** What does not go together with the flags is one more problem, and no reason to end. */
  #tryLoad(): { config: Config | undefined; issues: readonly Issue[]; report: readonly string[] } {
    try {
      const { config, issues } = this.#load(this.#options.paths, false)
      return { config, issues, report: issues.map(formatIssue) }
    } catch (error) {
      return { config: undefined, issues: [], report: [(error as Error).message] }
    }
  }

  #warn(issues: readonly Issue[]): void {
    for (const issue of issues) {
      if (issue.severity === 'warning') this.#options.log.warn(formatIssue(issue), { code: issue.code })
    }
  }
}
