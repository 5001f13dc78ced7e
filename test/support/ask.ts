/** Requests as a test states them, and looks at a sidecar from its admin port. */
import type { Proxy as Sidecar } from './proxy.ts'
import { type Message, readResponse, values } from './read-message.ts'
import { connect, type RawSocket, turn } from './raw.ts'

/** A request's text: fields as `Name: value`, a body with its length. */
export function request(line: string, fields: readonly string[] = [], body?: string): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: origin']
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`]
  return `${[`${line} HTTP/1.1`, ...host, ...fields, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`
}

export function get(path = '/', ...fields: string[]): string {
  return request(`GET ${path}`, fields)
}

export function post(path: string, body: string, ...fields: string[]): string {
  return request(`POST ${path}`, fields, body)
}

/** The answer at `from` on a connection that may stay open. */
export function answer(client: RawSocket, from = 0, method = 'GET', guard?: number): Promise<Message> {
  return client.when(
    'a whole answer',
    () => {
      const found = readResponse(client.received, { method, from, closed: client.ending === 'fin' })
      if (found === undefined && client.ending !== 'open')
        throw new Error(`ended (${client.ending}) before a whole answer: ${JSON.stringify(client.text.slice(0, 500))}`)
      return found
    },
    guard,
  )
}

/** Sends `text` on a connection of its own and reads the one answer. */
export async function ask(port: number, text: string): Promise<Message> {
  const client = await connect(port)
  client.send(text)
  try {
    return await answer(client, 0, text.slice(0, text.indexOf(' ')))
  } finally {
    client.destroy()
  }
}

/** The first value of a field, or undefined. `name` in lower case. */
export function field(message: Message, name: string): string | undefined {
  return values(message, name)[0]
}

/** What an answer of our own says in its body. */
export function told(message: Message): Record<string, unknown> {
  return (JSON.parse(message.body.toString()) as { error: Record<string, unknown> }).error
}

export interface State {
  readonly drain: string
  readonly connections: { readonly inbound: number; readonly outbound: number }
  readonly breakers: readonly { id: string; state: string; forced: string; calls: number; failureRatio: number }[]
  readonly bulkheads: readonly { service: string; key: string; inflight: number; queued: number }[]
  readonly budgets: readonly { service: string; remaining: number }[]
  readonly caches: readonly { service: string; policy: string; entries: number; bytes: number; hits: number }[]
  readonly endpoints: readonly {
    service: string
    address: string
    state: string
    inflight: number
    idle: number
    connections: number
  }[]
  readonly outliers: readonly Record<string, unknown>[]
}

export async function admin(proxy: Sidecar, path: string): Promise<Message> {
  return ask(proxy.admin, get(path, 'Host: localhost', 'Connection: close'))
}

export async function state(proxy: Sidecar): Promise<State> {
  return JSON.parse((await admin(proxy, '/state')).body.toString()) as State
}

/** The sum of a metric's samples whose line holds every one of `labels`. */
/** Until the proxy has read what stood in its sockets before, and written what that caused: it has been asked something twice since. */
export async function settled(proxy: Sidecar): Promise<void> {
  await state(proxy)
  await state(proxy)
  await turn()
}

export async function metric(proxy: Sidecar, name: string, ...labels: string[]): Promise<number> {
  const text = (await admin(proxy, '/metrics')).body.toString()
  let sum = 0
  for (const line of text.split('\n')) {
    if (!new RegExp(`^${name}[{ ]`).test(line) || !labels.every((label) => line.includes(label))) continue
    sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}

export function postAdmin(proxy: Sidecar, path: string, body = '{}'): Promise<Message> {
  const fields = ['Host: localhost', 'Content-Type: application/json', 'Connection: close']
  return ask(proxy.admin, request(`POST ${path}`, fields, body))
}

/** Asks again until `holds`; a guard against a hang ends it. */
export async function eventually<T>(what: string, holds: () => T | Promise<T>, guard = 5000): Promise<T> {
  const end = performance.now() + guard
  for (;;) {
    const value = await holds()
    if (value) return value
    if (performance.now() > end) throw new Error(`waited ${guard} ms for ${what}; it is ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
