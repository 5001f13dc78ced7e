/** Who this is, and what an operator has to know first. */
import type { Frame } from '../live/frame.ts'
import type { ServiceHistory } from '../live/history.ts'
import { type Trouble, troubles } from '../live/troubles.ts'
import { many, seconds } from '../live/words.ts'
import { find, make, type Row, Rows, setClass, setText } from './dom.ts'

const CALM = 'Nothing is refused, ejected, full or failing.'
/** Troubles that are shown, the worst: a service may have hundreds of endpoints, and a breaker for each. */
const MOST = 20

export class Summary {
  readonly #name = find('#name')
  readonly #facts = new Rows<readonly [string, string]>(find('#facts'), ([name]) => name, fact, '')
  readonly #announced = find('#announced')
  // A figure that changes changes in its place.
  readonly #troubles = new Rows<Trouble>(find('#troubles'), ({ gist }) => gist, trouble, '')

  show(frame: Frame, services: readonly ServiceHistory[]): void {
    const { name, version, uptimeSeconds, connections, config, drain } = frame
    setText(this.#name, name)
    this.#facts.show([
      ['state', drain],
      ['up', seconds(uptimeSeconds)],
      ['clients', `${connections.inbound} in, ${connections.outbound} out`],
      [
        'policy',
        config.warnings === 0
          ? config.hash.slice(0, 8)
          : `${config.hash.slice(0, 8)}, ${many(config.warnings, 'warning')}`,
      ],
      ['version', version],
    ])
    const found = troubles(frame, services)
    const calm: Trouble = { severity: 'good', text: CALM, gist: CALM }
    const shown = found.length > MOST ? cut(found) : found
    this.#troubles.show(shown.length === 0 ? [calm] : shown)
    // Read out when it changes.
    setText(this.#announced, shown.map(({ gist }) => gist).join('; '))
    const bad = found.filter(({ severity }) => severity === 'bad').length
    const title = bad === 0 ? name : `(${bad}) ${name}`
    if (document.title !== `${title}, Outrigger`) document.title = `${title}, Outrigger`
  }
}

function cut(found: readonly Trouble[]): Trouble[] {
  const [next] = found.slice(MOST) as [Trouble]
  const text = `and ${found.length - MOST} more`
  return [...found.slice(0, MOST), { severity: next.severity, text, gist: 'and more' }]
}

function fact([name]: readonly [string, string]): Row<readonly [string, string]> {
  const value = make('dd')
  const element = make('div', {}, make('dt', { text: name }), value)
  return { element, update: ([, text]) => setText(value, text) }
}

function trouble(): Row<Trouble> {
  const element = make('li')
  return {
    element,
    update: ({ severity, text }) => {
      setClass(element, `badge ${severity}`)
      setText(element, text)
    },
  }
}
