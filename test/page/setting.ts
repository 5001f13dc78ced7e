/** What the tests of the page have in common: an upstream, a sidecar before it, a window on its page. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { ask, get } from '../support/ask.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { type Look, openWindow } from './browser.ts'

export const WIDE = { width: 1280, height: 900, scheme: 'light' } as const
/** ms in which the page must show what has happened. */
export const SHOWN = { timeout: 2000 }

/** An upstream that answers as it is told. */
export async function startOrigin(t: Test): Promise<{ status: number; port: number }> {
  const origin = { status: 200, port: 0 }
  const server = createServer((_request, response) => {
    response.statusCode = origin.status
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  origin.port = (server.address() as AddressInfo).port
  return origin
}

export async function startGuarded(t: Test, port: number, admin = 0): Promise<Sidecar> {
  const sidecar = await startProxy(
    `kind: Sidecar
name: shop
accessLog: {format: none}
---
kind: Service
name: inventory
endpoints: [127.0.0.1:${port}]
---
kind: Policy
name: guard
match: {direction: outbound, service: inventory, routes: [{path: "/v1/**"}]}
retry: {max: 1, when: [503], backoff: {base: 1ms, max: 1ms, jitter: none}}
breaker:
  scope: service
  window: {type: count, size: 10, minimumCalls: 6}
  open: {base: 30s, max: 30s, jitter: 0%}
`,
    { admin },
  )
  t.teardown(() => sidecar.stop())
  return sidecar
}

export async function send({ outbound }: Sidecar, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await ask(outbound, get('/v1/secret?token=1', 'Host: inventory', 'Connection: close'))
}

export type Open = (t: Test, sidecar: Sidecar, path?: string, look?: Look) => Promise<Page>

/** Opens windows of `browser`; `wrong` is told of what a page must never have. */
export function opener(browser: Browser, wrong: (what: string) => void): Open {
  return async (t, { admin }, path = '/', look = WIDE) => {
    const origin = `http://127.0.0.1:${admin}`
    const window = await openWindow(browser, origin, look, wrong)
    t.teardown(() => window.close())
    const page = await window.newPage()
    await page.goto(path.startsWith('/') ? `${origin}${path}` : path)
    return page
  }
}
