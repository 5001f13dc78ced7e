/** `/explain` of a running sidecar: the same question and the same answer as the command's, on the configuration in force. */
import type { Explained } from '../admin/index.ts'
import type { Config } from '../config/model.ts'
import { readQuestion } from './explain/question.ts'
import { explanationText } from './explain/text.ts'
import { explain } from './explain.ts'

const ONCE = ['url', 'service', 'method', 'inbound', 'port', 'format']
const HEADER = 'header'

/** 400 with a sentence for a query that means nothing; 404 where the request would have no route. */
export function explainLive(config: Config, parameters: URLSearchParams): Explained {
  const wrong = problemOf(parameters)
  if (wrong !== undefined) return refused(wrong)
  const value = (name: string) => parameters.get(name) || undefined
  const question = readQuestion(
    {
      url: value('url'),
      service: value('service'),
      method: value('method'),
      inbound: parameters.has('inbound') ? parameters.get('inbound') !== 'false' : undefined,
      headers: parameters.getAll(HEADER),
      port: value('port'),
      format: value('format'),
    },
    'json',
    (field) => field,
  )
  if (typeof question === 'string') return refused(question)
  const explanation = explain(config, question.query)
  const status = explanation.found || explanation.passthrough ? 200 : 404
  return { status, body: question.format === 'json' ? explanation : explanationText(explanation) }
}

function problemOf(parameters: URLSearchParams): string | undefined {
  for (const name of new Set(parameters.keys())) {
    if (name === HEADER) continue
    if (!ONCE.includes(name)) return `'${name}' is none of ${[...ONCE, HEADER].join(', ')}`
    if (parameters.getAll(name).length > 1) return `'${name}' must stand once; only header may be repeated`
  }
  const inbound = parameters.get('inbound') ?? ''
  return ['', 'true', 'false'].includes(inbound) ? undefined : `inbound must be true or false, found '${inbound}'`
}

function refused(sentence: string): Explained {
  const message = `${sentence}: /explain?url=http://inventory/v1&method=GET`
  return { status: 400, body: { error: { reason: 'bad_query', message } } }
}
