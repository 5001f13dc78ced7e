/** What a collector that does not want everything says, in our log. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { World } from '../world.ts'

const TRACING = { sample: 1, propagators: ['tracecontext'] as const }

/** What stands in the log after one export to a collector that answers so. */
async function logged(t: Test, status: number, type: string, body: string): Promise<string[]> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status, { 'content-type': type }).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json'
  const world = new World({ environment: process.env, settings: { tracing: TRACING } })
  world.ask()
  world.answer(200)
  world.clock.advance(20)
  await world.telemetry.close(10_000)
  return world.logLines.lines.map((line) => {
    const { msg, cause } = JSON.parse(line) as { msg: string; cause: string }
    return `${msg}: ${cause}`
  })
}

t.test('Of a partial success, how many were rejected and why', async (t) => {
  const body = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"over the quota"}}'
  const [line = '', ...more] = await logged(t, 200, 'application/json', body)
  t.match(line, /^a warning about the export of telemetry: .*"rejectedSpans":"?2.*over the quota/)
  t.same(more, [])
})

t.test('A collector that refuses the last export is told of, and the end is an end like others', async (t) => {
  const lines = await logged(t, 400, 'text/plain', 'no such tenant')
  t.same(lines, ['the last of the telemetry is not exported: OTLPExporterError: Bad Request'])
})
