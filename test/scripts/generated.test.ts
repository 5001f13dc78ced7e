import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generatedProblems } from '../../scripts/generated.ts'

t.test(
  'generatedProblems() refuses a file that is missing or differs, and accepts one that is as it would be made',
  async (t) => {
    const path = join(t.testdir(), 'made.txt')
    const file = { path, text: async () => 'new\n' }
    t.equal((await generatedProblems([file])).length, 1)
    writeFileSync(path, 'old\n')
    t.match(await generatedProblems([file]), [/is out of date: npm run fix/])
    writeFileSync(path, 'new\n')
    t.same(await generatedProblems([file]), [])
  },
)
