/** What of the page cannot be read, named, hit or seen without scrolling sideways. Runs in the browser. */
import type { Page } from 'playwright-core'

export interface Audit {
  /** Texts with a contrast below 4.5 to what is behind them (WCAG 2.2, 1.4.3). */
  readonly faint: readonly string[]
  /** Controls and pictures without a name (4.1.2). */
  readonly unnamed: readonly string[]
  /** Controls that are lower than 24 px (2.5.8). */
  readonly small: readonly string[]
  /** Table cells in whose column no head stands. */
  readonly headless: number
  /** px that the page is too wide. */
  readonly sideways: number
}

export function audit(page: Page): Promise<Audit> {
  return page.evaluate(SCRIPT) as Promise<Audit>
}

const SCRIPT = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const rgb = (colour) => {
    const [red, green, blue, alpha = 1] = numbers(colour)
    const scale = colour.startsWith('color(srgb') ? 255 : 1
    return { channels: [red * scale, green * scale, blue * scale], alpha }
  }
  const luminance = ({ channels }) => {
    const [red, green, blue] = channels.map((it) => {
      const share = it / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor)
      if (found.alpha > 0.9) return found
    }
    return rgb('rgb(255, 255, 255)')
  }
  const contrast = (element) => {
    const text = luminance(rgb(getComputedStyle(element).color))
    const ground = luminance(behind(element))
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
  }
  const told = (element) => element.outerHTML.slice(0, 90)
  const isSeen = (element) => element.checkVisibility() && element.closest('.unseen, .skip') === null
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isSeen)
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
  const hasName = (element) => element.textContent.trim() !== '' || element.labels?.length > 0 || element.hasAttribute('aria-label')
  const columns = (table) => table.querySelectorAll('thead th[scope=col]').length
  return {
    faint: all('body *').filter((element) => hasText(element) && contrast(element) < 4.5).map(told),
    unnamed: all('button, input, select, [role=img]').filter((element) => !hasName(element)).map(told),
    small: all('button, input, select').filter((element) => element.getBoundingClientRect().height < 24).map(told),
    headless: all('tbody tr:not(.nothing)').filter((row) => row.children.length !== columns(row.closest('table'))).length,
    sideways: document.documentElement.scrollWidth - innerWidth,
  }
})()`
