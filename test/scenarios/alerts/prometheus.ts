/** A Prometheus of the story's own: Debian's binary, a folder and a port that are nobody else's, asked over its HTTP API. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callJson } from '../../../src/demo/http.ts'
import { sleep, until } from '../../../src/demo/time.ts'
import { freePort } from '../../support/free-port.ts'

/** Why the story cannot be told; false: it can. */
export const noPrometheus: string | false = spawnSync('prometheus', ['--version']).error
  ? 'needs prometheus: apt-get install prometheus'
  : false

export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  /** Pairs of a time, s since 1970, and a value. */
  readonly values?: readonly (readonly [number, string])[]
  readonly value?: readonly [number, string]
}

const START_LIMIT = 20_000

export class Prometheus {
  readonly #folder: string
  readonly #address: string
  readonly #process: ChildProcess
  readonly #tidy = (): void => {
    this.#process.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
  #said = ''
  #ended = false

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#address = `127.0.0.1:${port}`
    const flags = [
      `--config.file=${join(folder, 'prometheus.json')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${this.#address}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ]
    this.#process = spawn('prometheus', flags, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#said = (this.#said + text).slice(-4096)))
    this.#process.on('exit', () => (this.#ended = true))
    // Also when this process ends by an exception.
    process.once('exit', this.#tidy)
  }

  /** `targets` are admin listeners by the name they get as `instance`; scraped and judged every second. */
  static async start(targets: Readonly<Record<string, string>>, rules: string): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-prometheus-'))
    writeFileSync(join(folder, 'rules.yaml'), rules)
    const groups = Object.entries(targets).map(([instance, address]) => ({ targets: [address], labels: { instance } }))
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      storage: { exemplars: { max_exemplars: 10_000 } },
      rule_files: ['rules.yaml'],
      scrape_configs: [{ job_name: 'outrigger', static_configs: groups }],
    }
    // JSON is YAML.
    writeFileSync(join(folder, 'prometheus.json'), JSON.stringify(config))
    const started = new Prometheus(folder, await freePort())
    await started.#ready()
    return started
  }

  async #ready(): Promise<void> {
    for (let left = START_LIMIT; left > 0 && !this.#ended; left -= 50) {
      const up = await callJson(this.#address, 'GET', '/-/ready').then(
        ({ status }) => status === 200,
        () => false,
      )
      if (up) return
      await sleep(50)
    }
    throw new Error(`Prometheus did not get ready:\n${this.#said}`)
  }

  /** Fails with what Prometheus says of the expression. */
  async query(expr: string): Promise<readonly Series[]> {
    const { result } = (await this.#get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as { result: Series[] }
    return result
  }

  /** Pending and firing, now. */
  async alerts(): Promise<readonly Alert[]> {
    return ((await this.#get('/api/v1/alerts')) as { alerts: Alert[] }).alerts
  }

  /** Exemplars of the last ten minutes. */
  async exemplars(expr: string): Promise<readonly { readonly labels: Readonly<Record<string, string>> }[]> {
    const now = Date.now() / 1000
    const path = `/api/v1/query_exemplars?query=${encodeURIComponent(expr)}&start=${now - 600}&end=${now}`
    const series = (await this.#get(path)) as { exemplars: { labels: Record<string, string> }[] }[]
    return series.flatMap(({ exemplars }) => exemplars)
  }

  async #get(path: string): Promise<unknown> {
    const { value } = await callJson(this.#address, 'GET', path)
    const { status, data, error } = value as { status: string; data: unknown; error?: string }
    if (status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${error}`)
    return data
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    await until(() => this.#ended, 5000)
    this.#tidy()
    process.off('exit', this.#tidy)
  }
}
