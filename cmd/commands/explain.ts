/** `outrigger explain`: what a request would meet, from the files alone. */
import { formatIssue } from '../../src/config/issues.ts'
import { SystemClock } from '../../src/core/clock.ts'
import { checkConfig } from '../../src/runtime/check-config.ts'
import { explanationText } from '../../src/runtime/explain/text.ts'
import { type Question, readQuestion } from '../../src/runtime/explain/question.ts'
import { explain as explainRequest } from '../../src/runtime/explain.ts'
import { command } from '../command-line/command.ts'
import type { Given } from '../command-line/given.ts'
import { EXPLAIN } from '../usage/explain.ts'

export const explain = command(EXPLAIN, read, (asked, { out, err }) => {
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
})

interface Asked extends Question {
  readonly paths: readonly string[]
  readonly name: string | undefined
}

/** Throws an Error with a sentence. */
function read(given: Given<keyof typeof EXPLAIN.flags>): Asked {
  const paths = given.paths('config')
  if (paths === undefined) throw new Error('name the files with --config PATH')
  const question = readQuestion(
    {
      url: given.text('url'),
      service: given.text('service'),
      method: given.text('method'),
      inbound: given.is('inbound') || undefined,
      headers: given.texts('header') ?? [],
      port: given.text('port'),
      format: given.text('format'),
    },
    'text',
    (field) => `--${field}`,
  )
  if (typeof question === 'string') throw new Error(question)
  return { ...question, paths, name: given.text('name') }
}
