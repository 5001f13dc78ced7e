/** Which of the two texts a scraper gets. */
// cold file: runs once per scrape

/** `classic`: Prometheus text 0.0.4. `openmetrics`: OpenMetrics 1.0.0, the only one of the two that has exemplars. */
export type MetricFormat = 'classic' | 'openmetrics'

/** Their content types. */
export const METRIC_TYPES: Readonly<Record<MetricFormat, string>> = {
  classic: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/**
 * Reads `Accept` (RFC 9110 §12.5.1). OpenMetrics only for who names it, in the version that we write, and likes it no
 * less than plain text; everybody else, a person with curl above all, gets the classic text.
 */
export function metricFormat(accept: string): MetricFormat {
  let openmetrics = 0
  let plain = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const values = new Map(parameters.map((parameter) => pair(parameter)))
    const quality = Number(values.get('q') ?? '1')
    const version = values.get('version')
    if (type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0') {
      openmetrics = Math.max(openmetrics, quality)
    } else if (type === 'text/plain') plain = Math.max(plain, quality)
  }
  return openmetrics > 0 && openmetrics >= plain ? 'openmetrics' : 'classic'
}

function pair(parameter: string): [string, string] {
  const at = parameter.indexOf('=')
  return at < 0 ? [parameter, ''] : [parameter.slice(0, at).trim(), unquoted(parameter.slice(at + 1).trim())]
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
