import { readFileSync } from 'node:fs'
import t from 'tap'
import { PROBLEMS } from '../../src/config/issues.ts'

t.test('docs/problems.md has every code, once, in order, and no other', async (t) => {
  const headings = [...readFileSync('docs/problems.md', 'utf8').matchAll(/^### ([EW][0-9]{3}) (.*)$/gm)]
  t.same(
    headings.map(([, code, title]) => `${code} ${title}`),
    Object.entries(PROBLEMS).map((entry) => entry.join(' ')),
  )
})
