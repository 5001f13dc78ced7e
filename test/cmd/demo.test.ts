import { join } from 'node:path'
import t from 'tap'
import { ownService } from '../../cmd/commands/demo.ts'

const ROOT = join(import.meta.dirname, '../..')

t.test('the line for your own service names a Node that can run the file, and policies that are there', async (t) => {
  const from = process.cwd()
  t.teardown(() => process.chdir(from))
  process.chdir(ROOT)
  const run = 'run --config policies/standard.yaml --app 127.0.0.1:8080'
  t.match(ownService(join(ROOT, 'cmd/outrigger.ts')), `npx node cmd/outrigger.ts ${run} `)
})
