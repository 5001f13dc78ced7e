/** `outrigger explain`: what a request would meet, from the files alone. */
import { parseArgs } from 'node:util'
import { formatIssue } from '../../src/config/issues.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { type Question, readQuestion } from '../../src/runtime/explain/question.ts'
import { explain as explainRequest } from '../../src/runtime/explain.ts'
import { environment, pathsFrom } from './environment.ts'

const USAGE =
  'usage: outrigger explain --config PATH (--url URL | --service S) [--method M] [--header "NAME: VALUE"]…\n' +
  '                         [--inbound [--port PORT]] [--name SIDECAR] [--format text|json]'

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
  if (asked.format === 'json') out(`${JSON.stringify(explanation, null, 2)}\n`)
  else if (explanation.found || explanation.passthrough) out(explanationText(explanation))
  else err(explanationText(explanation))
  return explanation.found || explanation.passthrough ? 0 : 1
}

interface Asked extends Question {
  readonly paths: readonly string[]
  readonly name: string | undefined
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
        header: { type: 'string', multiple: true },
        inbound: { type: 'boolean' },
        port: { type: 'string' },
        name: { type: 'string' },
        format: { type: 'string' },
      },
    })
    const paths = values.config ?? pathsFrom('config')
    if (paths.length === 0) return 'name the files with --config PATH'
    const question = readQuestion(
      {
        url: values.url ?? environment('url'),
        service: values.service ?? environment('service'),
        method: values.method ?? environment('method'),
        inbound: values.inbound ?? (environment('inbound') === 'true' || undefined),
        headers: values.header ?? listed(environment('header')),
        port: values.port ?? environment('port'),
        format: values.format ?? environment('format'),
      },
      'text',
      (field) => `--${field}`,
    )
    return typeof question === 'string' ? question : { ...question, paths, name: values.name ?? environment('name') }
  } catch (cause) {
    return (cause as Error).message
  }
}

function listed(text: string | undefined): string[] {
  return text === undefined ? [] : [text]
}
