/** One request of a model: where it goes, what it is, and who sends it. */
import { type Fields, fields } from '../../config/build/document.ts'
import type { Asked, CallerSettings } from '../workload.ts'
import type { Complain } from './complain.ts'
import { readTemplate } from './template.ts'

/** Maker of the nth request of a stream, from 0. */
export function readAsk(value: Fields, path: string, complain: Complain): (index: number) => Asked {
  const url = String(value['url'])
  const where = readUrl(url)
  if (typeof where === 'string') complain('E024', `${path}.url`, `url ${where}, found '${url}'`)
  const { authority, rest } = typeof where === 'string' ? { authority: '', rest: '/' } : where
  const target = readTemplate(rest)
  if (typeof target === 'string') complain('E024', `${path}.url`, `${target}, found '${url}'`)
  const headers = Object.entries(fields(value['headers'])).map(([name, text]) => {
    const template = readTemplate(String(text))
    if (typeof template === 'string') complain('E024', `${path}.headers.${name}`, `${template}, found '${text}'`)
    return { name, template: typeof template === 'string' ? () => '' : template }
  })
  const deadline = value['deadline'] as number | undefined
  const grpc = value['grpc'] === true
  const what = {
    direction: authority === '' ? 'inbound' : 'outbound',
    method: grpc ? 'POST' : String(value['method']),
    authority: authority === '' ? 'application' : authority,
    bodyBytes: value['body'] as number,
    grpc,
    peer: String(value['peer'] ?? '127.0.0.1'),
    caller: callerOf(value),
  } as const
  const said = deadline === undefined ? [] : ['x-outrigger-timeout-ms', String(Math.round(deadline))]
  // It is no field behind the wire; and where the URL is absolute, it counts for nothing (RFC 9112 §3.2.2).
  const hosts = headers.filter(({ name }) => name.toLowerCase() === 'host')
  const sent = headers.filter((field) => !hosts.includes(field))
  const host = authority === '' ? hosts[0] : undefined
  return (index) => ({
    ...what,
    authority: host === undefined ? what.authority : host.template(index),
    target: typeof target === 'string' ? '/' : target(index),
    headers: [...said, ...sent.flatMap(({ name, template }) => [name, template(index)])],
  })
}

function readUrl(url: string): { authority: string; rest: string } | string {
  if (url.startsWith('/')) return { authority: '', rest: url }
  const match = /^http:\/\/([^/?#{}\s]+)(\/\S*)?$/.exec(url)
  const [, authority, rest = '/'] = match ?? []
  return authority === undefined ? 'must be a path, or http:// with a service' : { authority, rest }
}

function callerOf(value: Fields): CallerSettings {
  const client = fields(value['client'])
  const backoff = fields(client['backoff'])
  return {
    patience: bounded(value['patience']),
    timeout: bounded(client['timeout']),
    attempts: client['attempts'] as number,
    backoff: {
      base: backoff['base'] as number,
      max: backoff['max'] as number,
      growth: backoff['growth'] as number,
    },
  }
}

function bounded(value: unknown): number {
  return value === undefined ? Number.POSITIVE_INFINITY : (value as number)
}
