/** Chromium, where this machine has one. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** It talks to nobody but the page; as root it has no sandbox of its own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name that somebody else's DNS points at this machine.
  '--host-resolver-rules=MAP rebound.test 127.0.0.1',
]

/** The path of the program, or '' where PATH holds none. */
export function findChromium(path = process.env['PATH'] ?? ''): string {
  const places = path.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return places.find((place) => existsSync(place)) ?? ''
}

export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS })
}

export interface Look {
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
}

/** A window; `wrong` is told of what a page must never have: errors, and requests to anybody but `origin`. */
export async function openWindow(
  browser: Browser,
  origin: string,
  { width, height, scheme }: Look,
  wrong: (what: string) => void,
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme })
  context.on('page', (page) => {
    page.on('pageerror', (error) => wrong(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') wrong(`console: ${message.text()}`)
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) wrong(`request: ${request.url()}`)
    })
  })
  return context
}
