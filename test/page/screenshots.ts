/**
 * The page during the avalanche: real processes, the load of the scenario, and pictures of calm, outage and recovery, at 1280 and
 * 390 px, light and dark.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { Load } from '../../src/demo/load.ts'
import { AVALANCHE } from '../../src/demo/schedule.ts'
import { type Launch, Shop } from '../../src/demo/shop.ts'
import { shopStreams } from '../../src/demo/streams.ts'
import { sleep } from '../../src/demo/time.ts'
import { shippedPolicy } from '../scenarios/setting.ts'
import { type Look, openWindow } from './browser.ts'

const LOOKS: Readonly<Record<string, Look>> = {
  'wide-light': { width: 1280, height: 900, scheme: 'light' },
  'wide-dark': { width: 1280, height: 900, scheme: 'dark' },
  'narrow-light': { width: 390, height: 844, scheme: 'light' },
  'narrow-dark': { width: 390, height: 844, scheme: 'dark' },
}

/** ms of each part of the story before its picture. */
const CALM = 12_000
const OUTAGE = 22_000
const RECOVERY = 12_000

/** Resolves with what was wrong with the pages, which should be nothing. */
export async function takeScreenshots(browser: Browser, launch: Launch, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const policy = await shippedPolicy('avalanche-fallback')
  const shop = await Shop.start({ launch, client: 'none', policy, scale: 1 })
  const wrong: string[] = []
  const { gets, posts, patience, outageLatency, normalLatency } = AVALANCHE
  const load = new Load({
    target: shop.entrance,
    streams: shopStreams({ gets, posts }),
    duration: CALM + OUTAGE + RECOVERY + 10_000,
    patience,
    onSample: () => {},
  })
  try {
    const pages = await openAll(browser, `http://${shop.admin}`, wrong)
    load.start()
    await sleep(CALM)
    await shoot(pages, folder, 'calm')
    await shop.tellInventory({ latencyMs: outageLatency })
    await sleep(OUTAGE)
    await shoot(pages, folder, 'outage')
    await shop.tellInventory({ latencyMs: normalLatency })
    await sleep(RECOVERY)
    for (const page of pages.values()) {
      await page.fill('#explain input', 'http://inventory/api/stock/sku-1')
      await page.press('#explain input', 'Enter')
      await page.waitForSelector('#explained:not([hidden])')
    }
    await shoot(pages, folder, 'recovery')
    await shop.stop()
    await sleep(4000)
    await shoot(pages, folder, 'gone')
  } finally {
    await shop.stop()
  }
  // The browser says of its own accord that the sidecar is gone at the end.
  return wrong.filter((what) => !what.includes('ERR_CONNECTION_REFUSED') && !what.includes('ERR_INCOMPLETE'))
}

async function openAll(browser: Browser, origin: string, wrong: string[]): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>()
  for (const [name, look] of Object.entries(LOOKS)) {
    const context = await openWindow(browser, origin, look, (what) => wrong.push(`${name}: ${what}`))
    const page = await context.newPage()
    await page.goto(`${origin}/`)
    pages.set(name, page)
  }
  return pages
}

/** The first screen as it is seen, and the whole page. */
async function shoot(pages: ReadonlyMap<string, Page>, folder: string, part: string): Promise<void> {
  for (const [name, page] of pages) {
    await page.screenshot({ path: join(folder, `${part}-${name}.png`) })
    await page.screenshot({ path: join(folder, `${part}-${name}-whole.png`), fullPage: true })
    const sideways = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    console.log(`${part}-${name}: ${sideways} px too wide`)
  }
}
