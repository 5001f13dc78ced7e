/** `outrigger explain`: what a request would meet, from the files alone. */
import { parseArgs } from 'node:util'
import { formatIssue } from '../../src/config/issues.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import type { Query } from '../../src/runtime/explain/report.ts'
import { explain as explainRequest } from '../../src/runtime/explain.ts'

const USAGE =
  'usage: outrigger explain --config PATH (--url URL | --service S) [--method M] [--header "NAME: VALUE"]… [--inbound]\n' +
  '                         [--name SIDECAR] [--format text|json]'

type Write = (text: string) => void

/** 0: explained. 1: no such route, or files that may not be loaded. 2: not understood. */
export async function explain(
  args: readonly string[],
  out: Write = (text) => process.stdout.write(text),
  err: Write = (text) => process.stderr.write(text),
): Promise<number> {
  const asked = parse(args)
  if (typeof asked === 'string') {
    err(`outrigger explain: ${asked}\n${USAGE}\n`)
    return 2
  }
  const { config, issues } = checkConfig(asked.paths, { sidecarName: asked.name, now: new SystemClock().wallTime() })
  if (config === undefined) {
    err(issues.map((issue) => `${formatIssue(issue)}\n`).join(''))
    return 1
  }
  const explanation = explainRequest(config, asked.query)
  if (asked.json) out(`${JSON.stringify(explanation, null, 2)}\n`)
  else if (explanation.found || explanation.passthrough) out(explanationText(explanation))
  else err(explanationText(explanation))
  return explanation.found || explanation.passthrough ? 0 : 1
}

interface Asked {
  readonly paths: readonly string[]
  readonly name: string | undefined
  readonly query: Query
  readonly json: boolean
}

/** A sentence where the arguments are wrong. */
function parse(args: readonly string[]): Asked | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', multiple: true },
        url: { type: 'string' },
        service: { type: 'string' },
        method: { type: 'string' },
        header: { type: 'string', multiple: true, default: [] },
        inbound: { type: 'boolean' },
        name: { type: 'string' },
        format: { type: 'string' },
      },
    })
    const paths = values.config ?? listed(environment('config'))
    const url = values.url ?? environment('url')
    const service = values.service ?? environment('service')
    const isInbound = values.inbound ?? environment('inbound') === 'true'
    const format = values.format ?? environment('format') ?? 'text'
    const method = values.method ?? environment('method') ?? 'GET'
    if (paths.length === 0) return 'name the files with --config PATH'
    if (url === undefined && service === undefined && !isInbound) return 'name a --url or a --service'
    if (url !== undefined && service !== undefined) return 'name a --url or a --service, not both'
    if (isInbound && service !== undefined) return '--service is for outbound requests; inbound has one application'
    if (format !== 'text' && format !== 'json') return `--format must be text or json, found '${format}'`
    const headers = readHeaders(values.header)
    if (typeof headers === 'string') return headers
    const direction = isInbound ? 'inbound' : 'outbound'
    const query: Query = { direction, url, service, method: method.toUpperCase(), headers, port: undefined }
    return { paths, name: values.name ?? environment('name'), query, json: format === 'json' }
  } catch (cause) {
    return (cause as Error).message
  }
}

/** Every flag has a variable: `--config` is OUTRIGGER_CONFIG. */
function environment(flag: string): string | undefined {
  return process.env[`OUTRIGGER_${flag.toUpperCase()}`] || undefined
}

function listed(path: string | undefined): string[] {
  return path === undefined ? [] : [path]
}

function readHeaders(texts: readonly string[]): string[] | string {
  const headers: string[] = []
  for (const text of texts) {
    const colon = text.indexOf(':')
    if (colon < 1) return `--header must be "NAME: VALUE", found '${text}'`
    headers.push(text.slice(0, colon).trim(), text.slice(colon + 1).trim())
  }
  return headers
}
