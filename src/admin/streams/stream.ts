/** Answers that go on until their reader leaves. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../answer.ts'

/** One path of the admin listener that is such an answer. */
export interface Stream {
  /** Begins to answer a GET; or what refuses it. */
  join(request: IncomingMessage, response: ServerResponse): Answer | undefined
}

/** The head of a stream of server-sent events (HTML, "Server-sent events"). */
export const EVENT_STREAM = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const

/** The head of a stream of JSON texts, a line each. */
export const LINE_STREAM = {
  'content-type': 'application/x-ndjson; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const

/** One event; JSON has no line breaks, so its data is one line. */
export function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
