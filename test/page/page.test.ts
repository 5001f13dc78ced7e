/** The page in a real browser, against a real sidecar whose upstream begins to fail. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import t from 'tap'
import { state } from '../support/ask.ts'
import { audit } from './audit.ts'
import { findChromium, openWindow, startBrowser } from './browser.ts'
import { opener, send, SHOWN, startGuarded, startOrigin, WIDE } from './setting.ts'

const program = findChromium()
const skip = program === '' ? 'there is no chromium on PATH' : false

/** The first three events that a page is told: hello, a frame, and what has ended. */
async function firstEvents(admin: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${admin}/events`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    if (/^event: ended\n.*\n\n/m.test(text)) return text
  }
  throw new Error(`the stream ended: ${text}`)
}

t.test('The page', { skip }, async (t) => {
  const browser: Browser = await startBrowser(program)
  t.teardown(() => browser.close())
  const wrong: string[] = []
  const open = opener(browser, (what) => wrong.push(what))

  t.test('A breaker that opens is shown within two seconds, and closed at a click', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    const page = await open(t, sidecar)
    await page.waitForSelector('.link.live', SHOWN)
    await send(sidecar, 2)
    const breaker = page.locator('#breakers tbody tr', { hasText: 'inventory' })
    await breaker.locator('.badge', { hasText: /^closed$/ }).waitFor(SHOWN)
    origin.status = 503
    await send(sidecar, 6)
    t.match((await state(sidecar)).breakers, [{ state: 'open' }])
    await breaker.locator('.badge.bad', { hasText: /^open, probe in \d/ }).waitFor(SHOWN)
    await page.locator('#troubles .bad', { hasText: 'breaker inventory (guard) is open' }).waitFor(SHOWN)
    t.match(await page.title(), /^\(\d\) /, 'the tab says it, too')
    const failed = page.locator('#requests tbody tr', { hasText: 'retry: 503' })
    await failed.first().waitFor(SHOWN)
    t.match(await failed.first().innerText(), new RegExp(`GET /v1/\\*\\*[^]*127.0.0.1:${origin.port}[^]*503`))
    t.notMatch(await page.content(), /secret|token/, 'nothing that a client sent is shown')

    await breaker.getByRole('button', { name: 'closed' }).click()
    await breaker.locator('.badge.warn', { hasText: 'closed, forced' }).waitFor(SHOWN)
    t.equal(await breaker.getByRole('button', { name: 'closed' }).getAttribute('aria-pressed'), 'true')
    t.match((await state(sidecar)).breakers, [{ state: 'closed', forced: 'closed' }])
  })

  t.test('Forcing it open asks first', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    await send(sidecar, 1)
    const page = await open(t, sidecar)
    const button = page.locator('#breakers').getByRole('button', { name: 'open' })
    await button.click()
    await page.getByRole('button', { name: 'Leave it' }).click()
    t.match((await state(sidecar)).breakers, [{ state: 'closed', forced: 'auto' }])
    await button.click()
    await page.getByRole('button', { name: 'Force open' }).click()
    await page.locator('#breakers .badge.bad', { hasText: 'open, forced' }).waitFor(SHOWN)
    t.match((await state(sidecar)).breakers, [{ state: 'open', forced: 'open' }])
  })

  t.test('Who may not force it is told why', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    await send(sidecar, 1)
    const page = await open(t, sidecar, 'about:blank')
    // As it is told to a browser on another machine, from where no test comes.
    await page.route('**/events', async (route) => {
      const told = await firstEvents(sidecar.admin)
      await route.fulfill({
        contentType: 'text/event-stream',
        body: told.replace('"readOnly":""', '"readOnly":"changes are taken from this machine only"'),
      })
    })
    await page.goto(`http://127.0.0.1:${sidecar.admin}/`)
    const closed = page.locator('#breakers').getByRole('button', { name: 'closed' })
    await closed.waitFor(SHOWN)
    t.ok(await closed.isDisabled())
    t.match(await page.locator('#read-only').innerText(), /changes are taken from this machine only/)
  })

  t.test('A name of somebody else that leads here gets no page', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    const window = await openWindow(browser, `http://rebound.test:${sidecar.admin}`, WIDE, () => {})
    t.teardown(() => window.close())
    const page = await window.newPage()
    const answer = await page.goto(`http://rebound.test:${sidecar.admin}/`)
    t.equal(answer?.status(), 403)
    t.match(await page.content(), /Host must be an address or localhost/)
  })

  t.test('A URL is explained, also one that nobody answers to', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    const page = await open(t, sidecar)
    await page.locator('#policy tbody tr', { hasText: 'guard' }).waitFor(SHOWN)
    await page.getByLabel('Explain a URL').fill('http://inventory/v1/x')
    await page.keyboard.press('Enter')
    await page.locator('#explained', { hasText: 'GET /v1/x, outbound to service inventory' }).waitFor(SHOWN)
    await page.getByLabel('Explain a URL').fill('http://nobody/')
    await page.keyboard.press('Enter')
    await page.locator('#explained', { hasText: "No Service answers to the host 'nobody'" }).waitFor(SHOWN)
  })

  t.test('A reload that failed is shown with its report', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    const page = await open(t, sidecar)
    await page.locator('#policy tbody tr', { hasText: 'guard' }).waitFor(SHOWN)
    writeFileSync(join(sidecar.folder, 'policy.yaml'), 'kind: Polcy\n')
    t.notOk(sidecar.reload())
    await page.locator('#troubles .bad', { hasText: 'the last reload failed' }).waitFor(SHOWN)
    await page.locator('#reload-report', { hasText: /policy\.yaml:1:7: error/ }).waitFor(SHOWN)
  })

  t.test('Alike ones are folded, and unfolded each is there', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    origin.status = 503
    await send(sidecar, 9)
    const page = await open(t, sidecar)
    const rows = page.locator('#requests tbody tr')
    const refused = rows.filter({ hasText: 'refused: circuit_open' })
    await refused.first().waitFor(SHOWN)
    t.equal(await refused.count(), 1)
    t.match(await refused.innerText(), /\d since \d\d:/)
    await page.getByRole('button', { name: 'Fold alike' }).click()
    t.equal(await rows.count(), 9)
    await page.getByLabel('Outcome').selectOption('refused')
    const count = await rows.count()
    t.ok(count > 1 && count < 9, `${count} refused`)
    await page.getByLabel('Contains').fill('nothing has this')
    t.equal(await rows.innerText(), 'None.')
  })

  t.test('It can be read, named and hit, in both schemes and both widths', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    origin.status = 503
    await send(sidecar, 8)
    for (const scheme of ['light', 'dark'] as const) {
      for (const width of [1280, 390]) {
        const page = await open(t, sidecar, '/', { width, height: 800, scheme })
        await page.locator('#breakers .badge.bad').waitFor(SHOWN)
        const found = await audit(page)
        t.same(found, { faint: [], unnamed: [], small: [], headless: 0, sideways: 0 }, `${scheme}, ${width} px`)
      }
    }
  })

  t.same(
    wrong.filter((what) => !/status of 4\d\d/.test(what)),
    [],
    'no error, and no request to anybody else',
  )

  t.test('A page whose sidecar is gone says since when, and goes on when it is back', async (t) => {
    const origin = await startOrigin(t)
    const sidecar = await startGuarded(t, origin.port)
    const page = await open(t, sidecar)
    await page.waitForSelector('.link.live', SHOWN)
    await sidecar.stop()
    await page.locator('.link.lost', { hasText: /^stale since \d\d:\d\d:\d\d, connecting$/ }).waitFor(SHOWN)
    await startGuarded(t, origin.port, sidecar.admin)
    await page.waitForSelector('.link.live', { timeout: 10_000 })
  })
})
