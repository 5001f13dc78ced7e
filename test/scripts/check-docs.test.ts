import t from 'tap'
import { linkProblems, machineProblems, policyProblems } from '../../scripts/check-docs.ts'

t.test('linkProblems() refuses a link that leads nowhere, relative to its file', async (t) => {
  const text = '[a](b.md) [c](../README.md#top)\n[web](https://example.com) [here](#part) [lost](c.md)'
  const known = (path: string) => path === 'docs/b.md' || path === 'README.md'
  t.same(linkProblems([{ path: 'docs/a.md', text }], known), ['docs/a.md:2: leads to c.md, which does not exist'])
})

t.test('policyProblems() refuses a policy without its four files', async (t) => {
  const whole = ['policy.ts', 'decide.ts', 'layer.ts', 'README.md'].map((name) => `src/policies/retry/${name}`)
  t.same(policyProblems(['src/policies/index.ts', ...whole]), [])
  t.same(policyProblems(whole.slice(1)), ['src/policies/retry:1: has no policy.ts'])
})

t.test('machineProblems() refuses a folder of one machine', async (t) => {
  const text = 'cat /home/me/notes\nGET /work\nsrc/work/file\nhttps://example.com/work/1'
  t.same(machineProblems([{ path: 'docs/a.md', text }]), ['docs/a.md:1: names a folder of one machine'])
})
