/** Asks the admin listener of a running sidecar; for commands that are called as probes and hooks, so with nothing to load. */
import { request } from 'node:http'
import { parseAddress } from '../../src/config/values/address.ts'
import type { Given } from '../command-line/given.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface AdminAnswer {
  readonly status: number
  readonly body: string
}

/** Addresses one listens on that are reached at the machine's own; `::` takes IPv4 as well, and is 0.0.0.0 without IPv6. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '127.0.0.1' }

/** The address that `run` listens on, by the flag or the variable. Throws a sentence. */
export function adminAddress(given: Pick<Given<'admin'>, 'read'>): Address {
  const { host, port } = given.read('admin', parseAddress)
  return { host: ANY[host] ?? host, port }
}

/** Rejects where there is no whole answer within `timeout` ms. */
export function askAdmin(
  address: Address,
  method: 'GET' | 'POST',
  path: string,
  timeout: number,
): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { 'content-type': 'application/json' } : {}
    const asked = request({ ...address, method, path, headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', reject)
    })
    const late = setTimeout(() => {
      reject(new Error(`no answer within ${timeout} ms`))
      asked.destroy()
    }, timeout)
    asked.on('close', () => clearTimeout(late))
    asked.on('error', reject)
    asked.end()
  })
}
