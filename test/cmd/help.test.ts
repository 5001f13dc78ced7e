import t from 'tap'
import { helpOf } from '../../cmd/command-line/help.ts'
import { Given } from '../../cmd/command-line/given.ts'
import { usage } from '../../cmd/command-line/usage.ts'
import { COMMANDS } from '../../cmd/main.ts'
import { USAGES } from '../../cmd/usage/index.ts'
import { called } from '../support/called.ts'

t.test('every command has its help, which is 0 and on stdout; a flag nobody knows is 2 and on stderr', async (t) => {
  t.same(Object.keys(COMMANDS).sort(), USAGES.map(({ name }) => name).sort())
  for (const stated of USAGES) {
    const command = await COMMANDS[stated.name]?.()
    if (command === undefined) throw new Error(stated.name)
    for (const flag of ['--help', '-h'])
      t.same(await called(command, [flag]), { code: 0, out: helpOf(stated), err: '' }, `${stated.name} ${flag}`)
    const { code, out, err } = await called(command, ['--no-such-flag'])
    t.same([code, out], [2, ''], stated.name)
    t.match(
      err,
      new RegExp(`^outrigger ${stated.name}: Unknown option '--no-such-flag'.*\\nusage: outrigger ${stated.name}`),
    )
  }
})

t.test('outrigger help names every command', async (t) => {
  const { help } = await import('../../cmd/commands/help.ts')
  const { code, out } = await called(help, [])
  t.equal(code, 0)
  for (const { name, brief } of USAGES) t.match(out.replaceAll(/\s+/g, ' '), `${name} ${brief}`)
})

t.test('no line of a help is longer than a terminal, and every flag says what its default is, or is none', (t) => {
  for (const stated of USAGES) {
    const text = helpOf(stated)
    for (const line of text.split('\n')) t.ok(line.length <= 110, line)
    for (const flag of Object.keys(stated.flags)) t.match(text, `--${flag}`)
  }
  t.end()
})

const EXAMPLE = usage({
  name: 'example',
  brief: 'shows the form',
  synopsis: '(--one WORD | --two)',
  flags: {
    one: { value: 'WORD', says: 'a word', otherwise: 'yes', short: 'o' },
    two: { says: 'a switch' },
    three: { value: 'N', says: 'a number', depends: 'as many as there are', many: true },
    four: { value: 'WORDS', says: 'some', also: 'FOUR', otherwise: 'a,b', mayBeEmpty: true },
  },
  variables: 'all',
  exit: { 0: 'done' },
})

t.test('helpOf(): usage, purpose, flags with their defaults, variables, exit codes', (t) => {
  t.equal(
    helpOf(EXAMPLE),
    `usage: outrigger example (--one WORD | --two) [--three N]… [--four WORDS]

Shows the form.

  -o, --one WORD  a word; default: yes
  --two           a switch
  --three N …     a number; default: as many as there are
  --four WORDS    some; default: FOUR, else a,b

Every flag has a variable: --one is OUTRIGGER_ONE. The flag wins.

  exit 0  done
  exit 2  wrong usage
`,
  )
  t.end()
})

t.test('Given: flag over variable over default; an empty text says nothing, unless it means none', (t) => {
  const given = (args: string[], environment: Record<string, string> = {}) => new Given(EXAMPLE, args, environment)
  t.equal(given([]).text('one'), 'yes')
  t.equal(given([], { OUTRIGGER_ONE: 'v' }).text('one'), 'v')
  t.equal(given(['-o', 'f'], { OUTRIGGER_ONE: 'v' }).text('one'), 'f')
  t.equal(given(['--one='], { OUTRIGGER_ONE: 'v' }).text('one'), 'yes')
  t.equal(given([]).text('four'), 'a,b')
  t.equal(given([], { FOUR: 'c' }).text('four'), 'c')
  t.equal(given(['--four='], { FOUR: 'c' }).text('four'), '')
  t.equal(given([]).texts('three'), undefined)
  t.same(given(['--three', '1', '--three', '2']).texts('three'), ['1', '2'])
  t.same(given([], { OUTRIGGER_THREE: '/a:/b:' }).paths('three'), ['/a', '/b'])
  t.equal(given([], { OUTRIGGER_TWO: 'true' }).is('two'), true)
  t.throws(() => given([], { OUTRIGGER_TWO: 'maybe' }).is('two'), /OUTRIGGER_TWO must be true or false, found 'maybe'/)
  t.throws(() => given(['stray']), /stray/)
  t.end()
})
